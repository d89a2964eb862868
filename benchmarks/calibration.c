/* This machine's limit for the waterfall: its month in plain C, as a compiler makes of it.
 *
 * month.h is written by benchmarks/translate.py from kernels/waterfall.py, so the arithmetic is the
 * kernel's. Compiled without fast-math and without contraction to fused operations: the same bits.
 */
#include <math.h>
#include <string.h>

static inline double larger(double a, double b) { return b > a ? b : a; }
static inline double smaller(double a, double b) { return b < a ? b : a; }

#include "month.h"

/* Every month of one block from its opening buffer, and `sweeps` Horner walks over equity's flows:
 * what kernels.cashflow.run and kernels.irr do with the same buffers. Arrays are (months, B). */
void life_of_block(const double *opening, const double *cash, const double *gross,
                   const double *net, const double *share, const double *mezz_share,
                   const double *swap, long months, long window, long interval, double first_test,
                   long sweeps, const double *factor, double *restrict s, double *restrict history,
                   double *restrict flows, double *restrict value, double *restrict slope) {
    double *income = history, *service = history + (months + 1) * B;
    memcpy(s, opening, N_SLOTS * B * sizeof(double));
    for (int c = 0; c < B; c++) income[c] = service[c] = 0.0;
    for (long m = 0; m < months; m++) {
        long before = m + 1 > window ? m + 1 - window : 0;
        for (int c = 0; c < B; c++) {
            s[CASH_IN * B + c] = cash[m];
            s[COSTS * B + c] = gross[m] - net[m];
            s[NET * B + c] = net[m];
            s[GROSS * B + c] = gross[m];
            s[SENIOR_SHARE * B + c] = share[m * B + c];
            s[MEZZ_SHARE * B + c] = mezz_share[m * B + c];
            s[SWAP * B + c] = swap[m * B + c];
            s[INCOME_BEFORE * B + c] = income[before * B + c];
            s[SERVICE_BEFORE * B + c] = service[before * B + c];
        }
        month_of_block(s, m + 1.0, (m + 1) % 12 == 0, (m + 1) % interval == 0, first_test);
        for (int c = 0; c < B; c++) {
            income[(m + 1) * B + c] = s[COVENANT_INCOME * B + c];
            service[(m + 1) * B + c] = s[COVENANT_SERVICE * B + c];
            flows[m * B + c] = s[EQUITY * B + c];
        }
    }
    for (long sweep = 0; sweep < sweeps; sweep++) {
        for (int c = 0; c < B; c++) value[c] = slope[c] = 0.0;
        for (long m = months - 1; m >= 0; m--)
            for (int c = 0; c < B; c++) {
                slope[c] = slope[c] * factor[c] + value[c];
                value[c] = value[c] * factor[c] + flows[m * B + c];
            }
    }
}

/* 2 x 64 x rounds floating-point operations (a multiplication and an addition each) on enough
 * independent numbers to keep every unit busy. */
double flops(long rounds, double by, double plus) {
    double x[64], total = 0.0;
    for (int i = 0; i < 64; i++) x[i] = i;
    for (long n = 0; n < rounds; n++)
        for (int i = 0; i < 64; i++) x[i] = x[i] * by + plus;
    for (int i = 0; i < 64; i++) total += x[i];
    return total;
}
