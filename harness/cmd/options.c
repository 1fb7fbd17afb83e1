/* options.c - see options.h. */
#include "cmd/options.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/printable.h"
#include "base/process.h"
#include "base/redact.h"
#include "base/str.h"
#include "report/format.h"
#include "result/exit_status.h"

#define KEY_USAGE 256
#define KEY_HELP 257  /* where -h is something else */
#define KEY_FIRST 258 /* option i has this key and i, if it has no letter */

int option_flag(const struct cmd_option *option, void *target, const char *text,
                struct err *err)
{
    (void)option, (void)text, (void)err;
    *(bool *)target = true;
    return 0;
}

int option_text(const struct cmd_option *option, void *target, const char *text,
                struct err *err)
{
    (void)option, (void)err;
    *(const char **)target = text;
    return 0;
}

/* A name, of what the message says. */
static int take_name(const struct cmd_option *option, void *target, const char *text,
                     const char *of, struct err *err)
{
    if (*text)
        return option_text(option, target, text, err);
    return err_set(err, ERR_USAGE, "--%s '': expected the name of a %s", option->name,
                   of);
}

int option_directory(const struct cmd_option *option, void *target, const char *text,
                     struct err *err)
{
    return take_name(option, target, text, "directory", err);
}

int option_file(const struct cmd_option *option, void *target, const char *text,
                struct err *err)
{
    return take_name(option, target, text, "file", err);
}

int option_whole(const struct cmd_option *option, void *target, const char *text,
                 struct err *err)
{
    if (str_whole(text, option->least, option->most, target))
        return 0;
    return err_set(err, ERR_USAGE, "--%s '%s': expected a whole number from %llu to %llu",
                   option->name, text, (unsigned long long)option->least,
                   (unsigned long long)option->most);
}

int option_real(const struct cmd_option *option, void *target, const char *text,
                struct err *err)
{
    if (str_real(text, option->above, option->below, target))
        return 0;
    return err_set(err, ERR_USAGE, "--%s '%s': expected a number between %g and %g",
                   option->name, text, option->above, option->below);
}

int option_share(const struct cmd_option *option, void *target, const char *text,
                 struct err *err)
{
    if (str_share(text, option->above, option->below, target))
        return 0;
    return err_set(err, ERR_USAGE,
                   "--%s '%s': expected a number between %g and %g, or a percentage",
                   option->name, text, option->above, option->below);
}

int option_seconds(const struct cmd_option *option, void *target, const char *text,
                   struct err *err)
{
    if (str_seconds(text, option->above, option->below, target))
        return 0;
    return err_set(
        err, ERR_USAGE,
        "--%s '%s': expected seconds between %g and %g, or a duration like 500ms or 2m",
        option->name, text, option->above, option->below);
}

void option_lanes_warn(uint64_t lanes)
{
    CLEANUP(mem_freep) int *cpus = NULL;
    int count = process_cpus(&cpus);

    if (lanes > (uint64_t)count)
        fprintf(stderr,
                "afterkill: --lanes %llu, but this process may use %d CPU%s: lanes wait "
                "for each other, and what updates take is longer for it\n",
                (unsigned long long)lanes, count, count == 1 ? "" : "s");
}

/* Is it one of the words "a|b|c" that --help calls the value? */
static int check_word(const struct cmd_option *option, const char *text, struct err *err)
{
    CLEANUP(mem_freep) char *words = mem_strdup(option->value), *expected = NULL;
    char *rest = words, *word;

    while ((word = strsep(&rest, "|"))) {
        CLEANUP(mem_freep) char *before = TAKE_PTR(expected);

        if (strcmp(word, text) == 0)
            return 0;
        expected = mem_printf("%s%s%s", before ? before : "",
                              !before ? ""
                              : rest  ? ", "
                                      : " or ",
                              word);
    }
    return err_set(err, ERR_USAGE, "--%s '%s': expected %s", option->name, text,
                   expected);
}

int option_format(const struct cmd_option *option, void *target, const char *text,
                  struct err *err)
{
    CLEANUP(mem_freep) char *names = format_names(option->document);
    const struct format *format = format_by_name(text);

    if (!format || !format_has(format, option->document))
        return err_set(err, ERR_USAGE, "--%s '%s': expected %s", option->name, text,
                       names);
    *(const struct format **)target = format;
    return 0;
}

int option_word(const struct cmd_option *option, void *target, const char *text,
                struct err *err)
{
    int code = check_word(option, text, err);

    return code == 0 ? option_text(option, target, text, err) : code;
}

bool option_color_wanted(const char *color)
{
    const char *no_color = getenv("NO_COLOR");

    if (strcmp(color, "auto") != 0)
        return strcmp(color, "always") == 0;
    return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

static unsigned terminal_columns(void)
{
    struct winsize size;

    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0
               ? size.ws_col
               : 0;
}

const char *option_program(void)
{
    const char *program = getenv("AFTERKILL_PROGRAM"); /* a script that calls it */

    return program && *program ? program : program_invocation_name;
}

struct report_style option_style(const char *color)
{
    return (struct report_style){
        .color = option_color_wanted(color),
        .columns = terminal_columns(),
        .program = option_program(),
    };
}

/* ---- all of it, by argp ---- */

/* A line that is parsed, and where its values go. */
struct parsing {
    const struct command_line *line;
    char *options;
    struct parsing *more; /* NULL: there is none */
    int help;             /* the key of --help */
};

bool options_have_letter(const struct command_line *line, char letter)
{
    for (size_t i = 0; line->options && line->options[i].name; i++)
        if (line->options[i].letter == letter)
            return true;
    return line->more && options_have_letter(line->more, letter);
}

static int key_of(const struct command_line *line, size_t i)
{
    return line->options[i].letter ? line->options[i].letter : KEY_FIRST + (int)i;
}

static int take(const struct parsing *parsing, int key, char *argument, struct err *err)
{
    const struct cmd_option *option = parsing->line->options;

    for (size_t i = 0; option && option[i].name; i++)
        if (key_of(parsing->line, i) == key)
            return option[i].take(&option[i], parsing->options + option[i].at, argument,
                                  err);
    return ARGP_ERR_UNKNOWN;
}

/* Ends the program. Help must have arrived, too. */
static void give_help(struct argp_state *state, unsigned what)
{
    argp_state_help(state, stdout, what & ~(unsigned)ARGP_HELP_EXIT_OK);
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout))
        argp_failure(state, EXIT_INFRASTRUCTURE, errno, "write to standard output");
    exit(EXIT_PASS);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    const struct parsing *parsing = state->input;
    struct err err = ERR_NULL;
    int code = 0;

    if (key == parsing->help)
        give_help(state, ARGP_HELP_STD_HELP);
    else if (key == KEY_USAGE)
        give_help(state, ARGP_HELP_USAGE);
    else if (key == ARGP_KEY_INIT && parsing->more)
        state->child_inputs[0] = parsing->more;
    else if (key == ARGP_KEY_ARGS && parsing->line->about)
        *(struct operands *)(parsing->options + parsing->line->operands_at) =
            (struct operands){ state->argv + state->next,
                               (size_t)(state->argc - state->next) };
    else if (key == ARGP_KEY_END && parsing->line->check)
        code = parsing->line->check(parsing->options, &err);
    else
        code = take(parsing, key, argument, &err);
    if (code < 0) {
        CLEANUP(mem_freep) char *message = redact_urls(err.msg);

        argp_error(state, "%s", message);
    }
    return code > 0 ? code : 0;
}

/* The formats that there are, in one wording. argp keeps no copy, and no line has two
 * options of that kind. */
const char *option_about(const struct cmd_option *option)
{
    static char about[160];
    CLEANUP(mem_freep) char *names = NULL;

    if (option->about)
        return option->about;
    names = format_names(option->document);
    snprintf(about, sizeof(about), "Of the report: %s (default text)", names);
    return about;
}

const char *option_place(const struct cmd_option *option)
{
    static char place[160];
    const struct format *format;
    size_t length = 0;

    if (option->about)
        return option->value;
    for (size_t i = 0; (format = format_at(i)); i++)
        if (format_has(format, option->document))
            length += (size_t)snprintf(place + length, sizeof(place) - length, "%s%s",
                                       length ? "|" : "", format->name);
    return place;
}

/* What argp wants of a table, behind what is there already; the caller frees it. */
static struct argp_option *argp_table(const struct command_line *line,
                                      const struct argp_option *first)
{
    struct argp_option *table = NULL;
    size_t count = 0;

    for (; first[count].name; count++) {
        table = mem_grow(table, count + 1, sizeof(*table));
        table[count] = first[count];
    }
    for (size_t i = 0; line->options && line->options[i].name; i++) {
        const struct cmd_option *option = &line->options[i];

        table = mem_grow(table, count + 1, sizeof(*table));
        table[count++] =
            (struct argp_option){ option->name,         key_of(line, i), option->value, 0,
                                  option_about(option), option->group };
    }
    if (count) { /* of an empty table argp's help would lose memory */
        table = mem_grow(table, count + 1, sizeof(*table));
        table[count] = (struct argp_option){ 0 };
    }
    return table;
}

/* What a word that begins with a hyphen stands for; a table may be NULL. */
struct meant {
    size_t count; /* of options that it may be short for; 1: it is one */
    bool takes_value;
};

static struct meant name_meant(const struct argp_option *const tables[2],
                               const char *name)
{
    struct meant meant = { 0, false };

    for (size_t i = 0; i < 2; i++)
        for (const struct argp_option *option = tables[i]; option && option->name;
             option++) {
            if (strncmp(option->name, name, strlen(name)) != 0)
                continue;
            meant = (struct meant){ meant.count + 1, option->arg };
            if (strcmp(option->name, name) == 0)
                return (struct meant){ 1, option->arg };
        }
    return meant;
}

/* getopt() names wrong letters by themselves, and they have no value to be repeated. */
static struct meant letters_meant(const struct argp_option *const tables[2],
                                  const char *letters)
{
    struct meant meant = { 1, false };

    for (size_t i = 0; i < 2; i++)
        for (const struct argp_option *option = tables[i]; option && option->name;
             option++)
            meant.takes_value |= option->key == *letters && !letters[1] && option->arg;
    return meant;
}

static void refuse_name(const char *program, const char *name, size_t meant)
{
    char shown[80];

    printable_copy(shown, sizeof(shown), name, "");
    fprintf(stderr, "%s: %s '%s'; see %s --help\n", program,
            meant ? "more than one option begins with" : "there is no option", shown,
            program);
    exit(EXIT_USAGE);
}

/* getopt() would repeat an option that there is not as it is: with bytes that a terminal
 * must not have, and with a value that may be a password. */
static void refuse_unrepeatable(int argc, char **argv,
                                const struct argp_option *const tables[2])
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        CLEANUP(mem_freep) char *name = mem_strdup(argv[i]);
        size_t length = strcspn(name, "=");
        bool has_value = name[length];
        struct meant meant;

        if (name[0] != '-')
            continue;
        name[length] = '\0';
        meant = name[1] == '-' ? name_meant(tables, name + 2)
                               : letters_meant(tables, name + 1);
        if (!printable_is(name) || (has_value && meant.count != 1))
            refuse_name(argv[0], name, meant.count);
        if (meant.count == 1 && meant.takes_value && !has_value)
            i++; /* the next one is its value, whatever it looks like */
    }
}

void options_parse(const struct command_line *line, int argc, char **argv, void *options)
{
    static const struct command_line none = { .options = NULL };
    const struct command_line *more = line->more ? line->more : &none;
    const int help =
        options_have_letter(line, 'h') ? KEY_HELP : 'h'; /* argp's own has no -h */
    const struct argp_option helps[] = {
        { "help", help, NULL, 0, "Give this help", -1 },
        { "usage", KEY_USAGE, NULL, 0, "Give a short usage message", -1 },
        { 0 },
    };
    CLEANUP(mem_freep) struct argp_option *table = argp_table(line, helps);
    CLEANUP(mem_freep) struct argp_option *more_table =
        argp_table(more, &helps[ARRAY_SIZE(helps) - 1]);
    struct parsing second = { .line = more,
                              .options = (char *)options + line->more_at,
                              .help = help };
    struct parsing first = { line, options, line->more ? &second : NULL, help };
    const struct argp more_argp = { .options = more_table, .parser = parse };
    const struct argp_child children[] = {
        { line->more ? &more_argp : NULL, 0, line->more_title, line->more_group }, { 0 }
    };
    const char *operands = line->operands_doc;
    const struct argp argp = { .options = table,
                               .parser = parse,
                               .args_doc = operands && *operands ? operands : NULL,
                               .doc = line->about,
                               .children = children };

    refuse_unrepeatable(argc, argv,
                        (const struct argp_option *const[]){ table, more_table });
    argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &first);
}
