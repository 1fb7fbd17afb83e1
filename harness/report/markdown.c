/* markdown.c - a sheet for a comment on a pull request: verdict, table, and what is not
 * as it should be.
 *
 * It is below MARKDOWN_MOST bytes whatever the sheet holds, because a longer comment
 * would be refused: long texts end in "..", and what has no room is counted. Names of
 * others stand in code spans, so that none of them is taken for a tag, a link or a
 * mention; in sentences every character that could mean something is escaped. */
#include <string.h>

#include "base/mem.h"
#include "base/printable.h"
#include "report/layouts.h"
#include "report/words.h"

#define NAME_MOST 120
#define SENTENCE_MOST 1200
#define HEAD_MOST 4000                   /* of the verdict */
#define COMMAND_ROOM (4 * SENTENCE_MOST) /* with what is escaped in it */
#define ROOM_FOR_MORE 200
#define TABLE_SHARE 3 / 5 /* of all: the cases have the rest */

/* On one line, printable, and no longer than that. The caller frees it. */
static char *line_of(const char *text, size_t most)
{
    size_t size = 4 * strlen(text) + sizeof("..");
    char *line = mem_alloc(size);

    printable_copy(line, size, text, "\n\t");
    for (char *at = line; *at; at++)
        if (*at == '\n' || *at == '\t')
            *at = ' ';
    if (strlen(line) <= most)
        return line;
    line[most] = '\0';
    printable_trim(line);
    return strcat(line, "..");
}

static void write_sentence(FILE *out, const char *text, size_t most)
{
    CLEANUP(mem_freep) char *line = line_of(text, most);

    for (const char *at = line; *at; at++)
        if (*at == '<')
            fputs("&lt;", out);
        else if (*at == '&')
            fputs("&amp;", out);
        else if (strchr("@#", *at)) /* nobody is called, no issue is meant */
            fprintf(out, "%c<!-- -->", *at);
        else
            fprintf(out, "%s%c", strchr("\\`*_{}[]>|~$", *at) ? "\\" : "", *at);
}

static size_t longest_ticks(const char *text)
{
    size_t longest = 0;

    for (; *text; text += strcspn(text, "`")) {
        size_t count = strspn(text, "`");

        longest = count > longest ? count : longest;
        text += count;
    }
    return longest;
}

/* In a table a bar is escaped even in code. */
static void write_code(FILE *out, const char *text, size_t most)
{
    CLEANUP(mem_freep) char *line = line_of(text, most);
    size_t ticks = longest_ticks(line) + 1;
    const char *apart = line[0] == '`' || !line[0] || ticks > 1 ? " " : "";

    for (size_t i = 0; i < ticks; i++)
        fputc('`', out);
    fputs(apart, out);
    for (const char *at = line; *at; at++)
        fprintf(out, "%s%c", *at == '|' ? "\\" : "", *at);
    fputs(apart, out);
    for (size_t i = 0; i < ticks; i++)
        fputc('`', out);
}

static void put_text(FILE *out, const struct cell *cell)
{
    write_sentence(out, cell->text, NAME_MOST);
}

static void put_name(FILE *out, const struct cell *cell)
{
    write_code(out, cell->text, NAME_MOST);
}

static void put_whole(FILE *out, const struct cell *cell)
{
    fprintf(out, "%llu", (unsigned long long)cell->whole);
}

static void put_real(FILE *out, const struct cell *cell)
{
    fprintf(out, "%.3g", cell->real);
}

static void put_flag(FILE *out, const struct cell *cell)
{
    fputs(cell->flag ? "yes" : "no", out);
}

static void put_share(FILE *out, const struct cell *cell)
{
    char text[64];

    /* Else a bound would look like that of what is safe. */
    fputs(cell->unreached ? "none hit"
                          : words_rate_short(text, sizeof(text), cell->share),
          out);
}

static void put_difference(FILE *out, const struct cell *cell)
{
    char text[64];

    fputs(words_difference(text, sizeof(text), cell->difference.estimate,
                           cell->difference.interval),
          out);
}

static void put_ratio(FILE *out, const struct cell *cell)
{
    char text[64];

    fputs(words_ratio(text, sizeof(text), &cell->ratio), out);
}

static void put_duration(FILE *out, const struct cell *cell)
{
    char text[32];

    fputs(words_duration(text, sizeof(text), cell->us), out);
}

static void put_lasts(FILE *out, const struct cell *cell)
{
    char text[LASTS_TEXT];

    fputs(lasts_text(cell->lasts_ms, text), out);
}

static void put_p(FILE *out, const struct cell *cell)
{
    char text[32];

    fputs(words_p(text, sizeof(text), cell->real), out);
}

static const struct {
    void (*put)(FILE *out, const struct cell *cell);
    bool right;
} types[CELL_TYPES] = {
    [CELL_TEXT] = { put_text, false },
    [CELL_NAME] = { put_name, false },
    [CELL_WHOLE] = { put_whole, true },
    [CELL_REAL] = { put_real, true },
    [CELL_FLAG] = { put_flag, false },
    [CELL_SHARE] = { put_share, false },
    [CELL_DIFFERENCE] = { put_difference, false },
    [CELL_RATIO] = { put_ratio, false },
    [CELL_DURATION] = { put_duration, true },
    [CELL_LASTS] = { put_lasts, false },
    [CELL_P] = { put_p, true },
};

/* A comment that is being filled. */
struct comment {
    FILE *out;
    size_t written, most;
};

/* Writes what fits; false: it does not. */
static bool add(struct comment *comment, const char *text)
{
    size_t length = strlen(text);

    if (comment->written + length + ROOM_FOR_MORE > comment->most)
        return false;
    fputs(text, comment->out);
    comment->written += length;
    return true;
}

/* "12 more rows have no room here." */
static void add_left_out(struct comment *comment, size_t count, const char *one,
                         const char *many)
{
    if (count)
        comment->written += (size_t)fprintf(comment->out, "\n%zu more %s no room here.\n",
                                            count, count == 1 ? one : many);
}

static char *head_of(const struct sheet *sheet)
{
    char *text;
    FILE *out = mem_stream(&text);

    fprintf(out, "### afterkill %s", sheet->what);
    if (sheet->title) {
        fputs(": ", out);
        write_code(out, sheet->title, 2 * NAME_MOST);
    }
    fputs("\n\n", out);
    write_sentence(out, sheet->verdict, HEAD_MOST);
    fputs("\n\n", out);
    fclose(out);
    return text;
}

/* A column of which nothing is known would only take room. */
static bool is_shown(const struct sheet *sheet, size_t column)
{
    for (size_t row = 0; row < sheet->row_count && sheet->columns[column].title; row++)
        if (sheet_cell(sheet, row, column)->known)
            return true;
    return false;
}

static char *table_head(const struct sheet *sheet)
{
    char *text;
    FILE *out = mem_stream(&text);

    for (size_t c = 0; c < sheet->column_count; c++)
        if (is_shown(sheet, c))
            fprintf(out, "| %s ", sheet->columns[c].title);
    fputs("|\n", out);
    for (size_t c = 0; c < sheet->column_count; c++)
        if (is_shown(sheet, c))
            fputs(types[sheet->columns[c].type].right ? "|--:" : "|---", out);
    fputs("|\n", out);
    fclose(out);
    return text;
}

static char *table_row_of(const struct sheet *sheet, size_t row)
{
    char *text;
    FILE *out = mem_stream(&text);

    for (size_t c = 0; c < sheet->column_count; c++) {
        const struct cell *cell = sheet_cell(sheet, row, c);

        if (!is_shown(sheet, c))
            continue;
        fputs("| ", out);
        if (cell->known)
            types[sheet->columns[c].type].put(out, cell);
        fputc(' ', out);
    }
    fputs("|\n", out);
    fclose(out);
    return text;
}

static void add_table(struct comment *comment, const struct sheet *sheet)
{
    CLEANUP(mem_freep) char *head = table_head(sheet);
    size_t row = 0;

    if (!sheet->row_count || !add(comment, head))
        return;
    for (; row < sheet->row_count; row++) {
        CLEANUP(mem_freep) char *text = table_row_of(sheet, row);

        if (!add(comment, text))
            break;
    }
    add_left_out(comment, sheet->row_count - row, "row has", "rows have");
}

/* NULL: nothing has to be said of it. */
static char *case_of(const struct sheet_case *item)
{
    const char *message = item->outcome > CASE_SKIPPED ? item->message : item->note;
    char *text;
    FILE *out;

    if (!message || item->outcome == CASE_SKIPPED)
        return NULL;
    out = mem_stream(&text);
    fputs(item->outcome > CASE_SKIPPED ? "- **" : "- ", out);
    write_code(out, item->suite, NAME_MOST);
    if (item->name) {
        fputs(" ", out);
        write_code(out, item->name, NAME_MOST);
    }
    fputs(item->outcome > CASE_SKIPPED ? "**: " : ": ", out);
    write_sentence(out, message, SENTENCE_MOST);
    if (message[0] && message[strlen(message) - 1] != '.')
        fputc('.', out);
    if (item->advice && item->outcome > CASE_SKIPPED) {
        fputs(" ", out);
        write_sentence(out, item->advice, SENTENCE_MOST);
    }
    if (item->command) {
        fputs(" See: ", out);
        write_code(out, item->command, SENTENCE_MOST);
    }
    fputc('\n', out);
    fclose(out);
    return text;
}

static void add_cases(struct comment *comment, const struct sheet *sheet)
{
    size_t left_out = 0;
    bool any = false;

    for (size_t i = 0; i < sheet->case_count; i++) {
        CLEANUP(mem_freep) char *text = case_of(&sheet->cases[i]);

        if (!text)
            continue;
        if (!any)
            any = add(comment, "\n");
        if (left_out || !add(comment, text))
            left_out++;
    }
    add_left_out(comment, left_out, "remark has", "remarks have");
}

void markdown_write(FILE *out, const struct sheet *sheet, struct report_style style)
{
    CLEANUP(mem_freep) char *head = head_of(sheet);
    struct comment comment = { out, 0, MARKDOWN_MOST * TABLE_SHARE };

    (void)style;
    add(&comment, head);
    add_table(&comment, sheet);
    comment.most = MARKDOWN_MOST - COMMAND_ROOM;
    add_cases(&comment, sheet);
    if (!sheet->command)
        return;
    fputs("\nAll of it: ", out);
    write_code(out, sheet->command, SENTENCE_MOST);
    fputc('\n', out);
}
