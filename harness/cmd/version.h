/* version.h - the versions of what the program is made of: afterkill --version, and what
 * runs keep. */
#pragma once

#include <stdio.h>

struct environment;

/* Adds the versions of the libraries that environment_libraries() does not have. */
void version_libraries(struct environment *environment);

/* Writes lines of a name and a version, afterkill's own first. A library that does not
 * say at run time which one it is has "(built with)" behind it. */
void version_write(FILE *out);
