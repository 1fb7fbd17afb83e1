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
 * - the argument after an option of such a name: --password x, and --pass x, as
 *   redis-cli has it */
#pragma once

#include <stddef.h>

/* Joins the arguments by spaces, quoted where a shell needs it. Bytes are kept as they
 * are, UTF-8 or not. Freed by the caller. */
char *redact_arguments(const char *const *arguments, size_t count);

/* One argument, not quoted; `previous` is the one before it, or NULL. Freed by the
 * caller, like the others. */
char *redact_argument(const char *argument, const char *previous);

/* A message that may repeat a URL: without the passwords of URLs, and otherwise as it is.
 */
char *redact_urls(const char *text);

/* Overwrites what must not be shown where the kernel keeps the command line (argv as
 * main() got it), for any user of the machine can read that, and has no error repeat it
 * (err_hide()). The arguments live on
 * elsewhere until the process ends. */
void redact_command_line(int argc, char **argv);
