def is_payload(value): return False
def project_of_payload(source): raise NotImplementedError
