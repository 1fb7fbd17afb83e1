/* redact.h - a command line as a text that a shell would take again, without its
 * passwords. Pure.
 *
 * A run says how it was made, and its report goes to places where a password must not.
 * What cannot be told from a secret is hidden, too: a report that hides too much is less
 * useful, one that hides too little is a leak. Hidden are, as "***":
 *
 * - in a URL, anywhere in an argument, the password of its user, also if it holds
 *   characters that a URL should have escaped. A user without a password is hidden as
 *   well: redis-cli takes redis://this@host for a password.
 * - what is assigned to a name that has to do with secrets (password, token ..), and all
 *   that follows it in the argument: --auth=x, --set password=x, redis://host/?token=x
 * - the argument after an option of such a name: --password x */
#pragma once

#include <stddef.h>

/* Joins the arguments by spaces, quoted where a shell needs it. Bytes are kept as they
 * are, UTF-8 or not. Freed by the caller. */
char *redact_arguments(const char *const *arguments, size_t count);
