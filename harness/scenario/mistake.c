/* mistake.c - see mistake.h. */
#include "scenario/mistake.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *loader_read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    if (!file || getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = mem_strdup("");
    }
    if (file)
        fclose(file);
    return text;
}

/* The first line on which the word stands by itself; 1 if it does nowhere. */
static int line_of(const struct loader *loader, const char *word)
{
    size_t length = strlen(word);
    int line = 1;

    for (const char *p = loader->text; *p; p++) {
        bool starts =
            p == loader->text || !(isalnum((unsigned char)p[-1]) || p[-1] == '_');

        if (starts && length && strncmp(p, word, length) == 0 &&
            !(isalnum((unsigned char)p[length]) || p[length] == '_'))
            return line;
        line += *p == '\n';
    }
    return 1;
}

int loader_mistake(const struct loader *loader, const char *word, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return err_set(loader->err, ERR_USAGE, "%s:%d: %s", loader->scenario->outline.path,
                   line_of(loader, word), text);
}

bool loader_is_name(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!isascii((unsigned char)*p) || !isgraph((unsigned char)*p) || *p == ',')
            return false;
    return text[0] != '\0';
}
