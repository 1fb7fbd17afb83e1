/* manual.c - see manual.h. */
#include "cmd/manual.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/gate_options.h"
#include "cmd/target_options.h"

#define COLUMNS 78 /* of a line of text in the page's source, as its readers want it */

struct manual {
    FILE *out;
    const char *name;
    char **lines; /* without their ends */
    size_t count, at;
    bool headed; /* a heading came last, blank lines aside */
    bool apart;  /* a blank line came last, behind something else */
    struct err *err;
};

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

static int mistake(const struct manual *page, const char *what, const char *of)
{
    return err_set(page->err, ERR_USAGE, "%s:%zu: %s%s", page->name, page->at + 1, what,
                   of);
}

/* ---- characters ---- */

/* As it is: roff has uses of its own for these. */
static void put_char(FILE *out, char c)
{
    static const struct {
        char is;
        const char *as;
    } escapes[] = {
        { '\\', "\\e" },  { '-', "\\-" },   { '\'', "\\(aq" },
        { '`', "\\(ga" }, { '^', "\\(ha" }, { '~', "\\(ti" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
        if (escapes[i].is == c) {
            fputs(escapes[i].as, out);
            return;
        }
    fputc(c, out);
}

static void put_plain(FILE *out, const char *text)
{
    for (; *text; text++)
        put_char(out, *text);
}

static void put_font(FILE *out, char font, const char *text)
{
    fprintf(out, "\\f%c", font);
    put_plain(out, text);
    fputs("\\fR", out);
}

static bool is_inside_word(const char *line, const char *c)
{
    return *c == '_' && c > line && isalnum((unsigned char)c[-1]) &&
           isalnum((unsigned char)c[1]);
}

/* Words in lines that are not too long, the last one with its end. A dot that begins a
 * line would make a macro of it. */
static void put_filled(FILE *out, const char *text)
{
    size_t column = 0;

    while (*text) {
        size_t length = strcspn(text, " ");

        if (column && column + 1 + length > COLUMNS)
            column = 0, fputc('\n', out);
        else if (column)
            column++, fputc(' ', out);
        column += (size_t)fprintf(out, "%s%.*s", !column && *text == '.' ? "\\&" : "",
                                  (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

/* A line of prose, without its end. */
static int put_marked(const struct manual *page, FILE *out, const char *line)
{
    char open = '\0'; /* the mark that is to be closed */

    for (const char *c = line; *c; c++) {
        bool marks = (*c == '*' || *c == '_') && !is_inside_word(line, c);

        if (*c == '\\' && c[1])
            put_char(out, *++c);
        else if (marks && open == *c)
            open = '\0', fputs("\\fR", out);
        else if (marks && !open)
            open = *c, fputs(open == '*' ? "\\fB" : "\\fI", out);
        else
            put_char(out, *c);
    }
    return open ? mistake(page, "this line does not close what it marks: ", line) : 0;
}

/* A text of --help: `quoted` is what is typed, and the sentence ends. */
static void put_about(FILE *out, const char *about)
{
    CLEANUP(mem_freep) char *text = NULL;
    FILE *stream = mem_stream(&text);
    bool typed = false;

    for (const char *c = about; *c; c++)
        if (*c == '`')
            fputs((typed = !typed) ? "\\fB" : "\\fR", stream);
        else
            put_char(stream, *c);
    fputs(about[strlen(about) - 1] == '.' ? "" : ".", stream);
    fclose(stream);
    put_filled(out, text);
}

/* ---- lines ---- */

static const char *line_at(const struct manual *page, size_t at)
{
    return at < page->count ? page->lines[at] : "";
}

/* A line of text, of which ++ is the end. */
static int put_text(struct manual *page, char *line)
{
    CLEANUP(mem_freep) char *text = NULL;
    FILE *stream = mem_stream(&text);
    size_t length = strlen(line);
    bool ends = length > 2 && strcmp(line + length - 2, "++") == 0;
    int code;

    if (ends)
        line[length - 2] = '\0';
    code = put_marked(page, stream, line);
    fclose(stream);
    put_filled(page->out, text);
    fputs(ends ? ".br\n" : "", page->out);
    return code;
}

/* Lines up to the next mark of their kind, as they are. */
static int put_literal(struct manual *page, bool apart)
{
    fprintf(page->out, "%s.RS 4\n.nf\n", apart ? ".PP\n" : "");
    for (page->at++; page->at < page->count; page->at++) {
        if (strcmp(page->lines[page->at], "```") == 0) {
            fputs(".fi\n.RE\n", page->out);
            return 0;
        }
        fputs(page->lines[page->at][0] == '.' ? "\\&" : "", page->out);
        put_plain(page->out, page->lines[page->at]);
        fputc('\n', page->out);
    }
    return mistake(page, "``` is not closed", "");
}

static int put_title(struct manual *page)
{
    char name[64], date[16], section;

    if (page->count == 0 ||
        sscanf(page->lines[0], "%63[a-z-](%c) %15[0-9-]", name, &section, date) != 3)
        return mistake(page, "expected a title: name(section) date", "");
    fputs(".TH ", page->out);
    for (const char *c = name; *c; c++)
        fputc(toupper((unsigned char)*c), page->out);
    fprintf(page->out, " %c %s \"afterkill %s\"\n", section, date, VERSION);
    return 0;
}

/* ---- what the program says of itself ---- */

/* The operands as they stand in --help: words are what is typed, WORDS what is meant. */
static void put_operands(FILE *out, const char *operands, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t run = 1;
        bool word = isalpha((unsigned char)operands[i]);

        while (i + run < length && isalpha((unsigned char)operands[i + run]) && word)
            run++;
        if (word) {
            CLEANUP(mem_freep) char *text = mem_printf("%.*s", (int)run, operands + i);

            put_font(out, isupper((unsigned char)*text) ? 'I' : 'B', text);
        } else {
            put_char(out, operands[i]);
        }
        i += run;
    }
}

/* A line for each way to call it. */
static void put_usage(FILE *out, const struct subcommand *command)
{
    const char *way = command->line->operands_doc;

    do {
        size_t length = strcspn(way, "\n");

        fprintf(out, "\\fBafterkill %s\\fR", command->name);
        if (command->line->options)
            fputs(" [\\fIOPTION\\fR...]", out);
        fputs(length ? " " : "", out);
        put_operands(out, way, length);
        fputs("\n.br\n", out);
        way += length + (way[length] == '\n');
    } while (*way);
}

static int put_synopsis(struct manual *page)
{
    const struct subcommand *command;

    for (size_t i = 0; (command = subcommand_at(i)); i++)
        put_usage(page->out, command);
    return 0;
}

static const struct cmd_option *find_option(const struct cmd_option *options,
                                            const char *name, size_t length)
{
    for (; options->name; options++)
        if (strlen(options->name) == length && strncmp(options->name, name, length) == 0)
            return options;
    return NULL;
}

/* How an option is written. */
static void put_option(FILE *out, const struct cmd_option *option)
{
    if (option->letter)
        fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", out);
    put_plain(out, option->name);
    fputs("\\fR", out);
    if (option->value) {
        fputc(' ', out);
        put_font(out, 'I', option_place(option));
    }
    fputc('\n', out);
}

/* The next name of a term, "--time, --rtt"; false at its end. */
static bool next_name(const char **rest, size_t *ret_length, const char **ret_name)
{
    if (!begins(*rest, "--"))
        return false;
    *ret_name = *rest + 2;
    *ret_length = strcspn(*ret_name, ", ");
    *rest = *ret_name + *ret_length;
    *rest += strspn(*rest, ", ");
    return true;
}

/* Does a term name the option, and at which place? 0: it does not. */
static unsigned place_in(const char *term, const char *option)
{
    const char *name;
    size_t length;

    for (unsigned place = 1; next_name(&term, &length, &name); place++)
        if (strlen(option) == length && strncmp(name, option, length) == 0)
            return place;
    return 0;
}

static int put_line(struct manual *page);

/* Options that share a term stand where the first of them is in the table. */
static int put_entry(struct manual *page, const struct cmd_option *options, size_t end)
{
    const char *rest = page->lines[page->at], *macro = ".TP", *name;
    size_t length;
    int code = 0;

    for (; next_name(&rest, &length, &name); macro = ".TQ") {
        fprintf(page->out, "%s\n", macro);
        put_option(page->out, find_option(options, name, length));
    }
    page->apart = false;
    for (page->at++; code == 0 && page->at < end && !begins(page->lines[page->at], "--");
         page->at++)
        code = put_line(page);
    page->apart = false;
    return code;
}

/* Every name must be in the table. */
static int check_terms(struct manual *page, const struct cmd_option *options, size_t end)
{
    for (; page->at < end; page->at++) {
        const char *rest = page->lines[page->at], *name;
        size_t length;

        while (next_name(&rest, &length, &name))
            if (!find_option(options, name, length))
                return mistake(page, "there is no option --", name);
    }
    return 0;
}

static int put_options(struct manual *page, const struct cmd_option *options)
{
    size_t first = page->at + 1, end = first;

    while (end < page->count && page->lines[end][0] != '#')
        end++;
    if (check_terms(page, options, end) < 0)
        return page->err->code;
    for (const struct cmd_option *option = options; option->name; option++) {
        unsigned place = 0;

        for (page->at = first; page->at < end; page->at++)
            if ((place = place_in(page->lines[page->at], option->name)))
                break;
        if (place > 1)
            continue;
        if (place && put_entry(page, options, end) < 0)
            return page->err->code;
        if (place)
            continue;
        fputs(".TP\n", page->out);
        put_option(page->out, option);
        put_about(page->out, option_about(option));
    }
    page->at = end - 1;
    return 0;
}

/* A line that begins with @. */
static int put_asked(struct manual *page)
{
    static const struct {
        const char *asked;
        const struct command_line *line;
    } shared[] = { { "@gates", &gate_line }, { "@server", &target_options_line } };
    const char *line = page->lines[page->at];
    const struct subcommand *command;

    if (strcmp(line, "@synopsis") == 0)
        return put_synopsis(page);
    for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
        if (strcmp(line, shared[i].asked) == 0)
            return put_options(page, shared[i].line->options);
    command =
        begins(line, "@options ") ? subcommand_by_name(strchr(line, ' ') + 1) : NULL;
    if (!command || !command->line->options)
        return mistake(page,
                       "expected @synopsis, @gates, @server or @options COMMAND: ", line);
    return put_options(page, command->line->options);
}

/* ---- all of it ---- */

static int put_heading(struct manual *page, const char *macro, const char *heading)
{
    fprintf(page->out, "%s ", macro);
    put_plain(page->out, heading);
    fputc('\n', page->out);
    page->headed = true;
    return 0;
}

/* Of what kind is the line, and what is before it? It may be the first of several. */
static int put_line(struct manual *page)
{
    char *line = page->lines[page->at];
    bool apart = page->apart, indented = line[0] == '\t';

    page->apart = line[0] == '\0' && !page->headed;
    if (line[0] == '\0')
        return 0;
    page->headed = false;
    if (begins(line, "# "))
        return put_heading(page, ".SH", line + 2);
    if (begins(line, "## "))
        return put_heading(page, ".SS", line + 3);
    if (strcmp(line, "```") == 0)
        return put_literal(page, apart);
    if (line[0] == '@')
        return put_asked(page);
    if (line_at(page, page->at + 1)[0] == '\t' && !indented)
        fputs(".TP\n", page->out);
    else if (apart)
        fputs(indented ? ".IP\n" : ".PP\n", page->out);
    return put_text(page, line + indented);
}

int manual_write(FILE *out, const char *name, const char *text, struct err *err)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(text);
    CLEANUP(mem_freep) char **lines = NULL;
    struct manual page = { .out = out, .name = name, .err = err };
    char *rest = copy, *line;
    int code;

    while ((line = strsep(&rest, "\n"))) {
        lines = mem_grow(lines, page.count + 1, sizeof(*lines));
        lines[page.count++] = line;
    }
    page.lines = lines;
    code = put_title(&page);
    for (page.at = 1; code == 0 && page.at < page.count; page.at++)
        code = put_line(&page);
    return code;
}
