"""Is a project file dropped into a prefix of an S3 store taken once, and a bad one refused?"""

import botocore.session

from pipeline.inbox import NEW, REFUSED, TAKEN, Refused, Taken, done, look
from pipeline.storage.store import open_store
from pipeline.storage.store_address import StoreAddress
from tests.run_projects import PROJECT
from tests.services.moto_server import BUCKET, MotoServer

SOUND = PROJECT.replace("LIMIT", "100")


def test_a_file_is_taken_once_and_a_bad_one_refused_beside_it(s3_server: MotoServer) -> None:
    store = open_store(StoreAddress(f"s3://{BUCKET}/inbox", s3_server.url))
    client = botocore.session.get_session().create_client(
        "s3", endpoint_url=s3_server.url, region_name="us-east-1"
    )
    # what a web console makes for a "folder", and what lies under another name beside ours
    client.put_object(Bucket=BUCKET, Key=f"inbox/{NEW}/", Body=b"")
    client.put_object(Bucket=BUCKET, Key=f"inbox/{NEW}er/other.yaml", Body=SOUND.encode())
    store.put(f"{NEW}/sound.yaml", SOUND.encode())
    store.put(f"{NEW}/bad.yaml", b"schema: 1\nproject: 7\n")
    store.put(f"{NEW}/half.yaml.part", SOUND[:100].encode())

    found = list(look(store, settle_s=0.05))

    taken = [each for each in found if isinstance(each, Taken)]
    refused = [each for each in found if isinstance(each, Refused)]
    assert [each.text for each in taken] == [SOUND]
    assert len(refused) == 1
    assert any("project: has to be a mapping" in each for each in refused[0].errors)
    assert store.names(REFUSED) == [refused[0].name, f"{refused[0].name}.errors.txt"]
    assert store.names(TAKEN) == [taken[0].key]
    assert store.names(NEW) == ["half.yaml.part"]
    assert list(look(store, settle_s=0.05)) == taken, "whoever took it died before it was noted"
    done(store, taken[0], {"flow_run_id": "1"})
    assert list(look(store, settle_s=0.05)) == []
