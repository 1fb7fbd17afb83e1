/* secret.c - see secret.h. */
#include "base/secret.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

int secret_make(char ret[SECRET_TEXT], struct err *err)
{
    uint64_t bits[2];

    /* So few bytes come at once, signals or not. */
    if (getrandom(bits, sizeof(bits), 0) != sizeof(bits))
        return err_errno(err, "get random bytes");
    snprintf(ret, SECRET_TEXT, "%016llx%016llx", (unsigned long long)bits[0],
             (unsigned long long)bits[1]);
    return 0;
}
