/* err.h - a code to branch on, a message to show.
 *
 * A fallible function returns 0 or a negative code and takes the error last. The message
 * says what was being done and to what; each layer adds its own part in front ("lane 1:
 * connect '/tmp/x': ..."). Only main() prints. Bytes that are not printable, but for ends
 * of lines and tabs, are in it as \xHH. A leaked key is a verdict (data), never an error.
 *
 * Codes are negative errno values. Three have a meaning of their own, because the exit
 * status depends on them: ERR_USAGE (the command line or the scenario is wrong),
 * ERR_STOPPED (a signal asked) and ERR_LACKING (the server does not have what the
 * scenario needs, so nothing was tried). Another never leaves its lane: ERR_REFUSED (the
 * scenario is wrong, and no verdict may be made of it, as of other errors of its
 * functions). */
#pragma once

#include <errno.h>
#include <stddef.h>

#define ERR_USAGE (-EINVAL)
#define ERR_STOPPED (-ECANCELED)
#define ERR_LACKING (-ENOPKG)
#define ERR_REFUSED (-EPERM)

struct err {
    int code;
    char msg[1024];
};

#define ERR_NULL ((struct err){ 0, "" })

/* Sets code and message; returns the code. */
__attribute__((format(printf, 3, 4))) int err_set(struct err *err, int code,
                                                  const char *format, ...);
/* Puts "text: " in front of the message; returns the code that is there. */
__attribute__((format(printf, 2, 3))) int err_wrap(struct err *err, const char *format,
                                                   ...);
/* Takes another, less urgent error into account: behind the one that is there, or alone.
 * If the other is none, nothing changes. */
void err_append(struct err *err, const struct err *other);
/* From here on no message repeats what stands in the text behind so many bytes, so long,
 * if that is at least six; nor how it begins, for messages are cut: eight bytes of it, or
 * any behind what is in front of it in the text, or at the end of a message that had no
 * room for more. For a few; the text lives as long as the program. Takes no memory, for
 * whoever sets an error may not (err_words()). */
void err_hide(const char *text, size_t before, size_t length);

/* What an errno means. Not strerror(), which looks for a translation and may ask malloc()
 * for room: whoever dies there in the lane's memory (worker.h) holds its lock for ever.
 */
const char *err_words(int number);

/* Like err_set with -errno, and err_words() after the message. */
__attribute__((format(printf, 2, 3))) int err_errno(struct err *err, const char *format,
                                                    ...);
