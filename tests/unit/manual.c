/* manual: pages are made of prose and of the tables of options, and the pages that come
 * with the program name all that there is. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/gate_options.h"
#include "cmd/manual.h"
#include "result/exit_status.h"
#include "scenario/scenario.h"
#include "state/verdict.h"
#include "store/schema.h"
#include "trial/fault.h"

#define TITLE "mine(7) 2026-01-01\n"

/* What follows the title of a page; NULL if there is a mistake. The caller frees it. */
static char *body(const char *text, struct err *err)
{
    CLEANUP(mem_freep) char *page = mem_printf(TITLE "%s", text), *made = NULL;
    FILE *out = mem_stream(&made);
    int code = manual_write(out, "mine.scd", page, err);

    fclose(out);
    return code < 0 ? NULL : mem_strdup(strchr(made, '\n') + 1);
}

static void expect_body(const char *text, const char *expected)
{
    struct err err = ERR_NULL;
    CLEANUP(mem_freep) char *made = body(text, &err);

    cr_assert_not_null(made, "%s: %s", text, err.msg);
    cr_expect_str_eq(made, expected, "%s\ngives\n%s\nand not\n%s", text, made, expected);
}

static void expect_mistake(const char *text, const char *message)
{
    struct err err = ERR_NULL;
    CLEANUP(mem_freep) char *made = body(text, &err);

    cr_expect_null(made, "%s", text);
    cr_expect_not_null(strstr(err.msg, message), "'%s' is not in '%s'", message, err.msg);
}

Test(manual, takes_prose_as_scdoc_does)
{
    expect_body("# NAME\n\nmine - a page", ".SH NAME\nmine \\- a page\n");
    expect_body("a\n\nb\nc", "a\n.PP\nb\nc\n");
    expect_body("*bold* and _it_, not a_b_c", "\\fBbold\\fR and \\fIit\\fR, not a_b_c\n");
    expect_body("*leak_rate* \\*\\_", "\\fBleak_rate\\fR *_\n");
    expect_body("one++\ntwo", "one\n.br\ntwo\n");
    expect_body("*term*\n\tits text\n\tgoes on\n\n\tand on",
                ".TP\n\\fBterm\\fR\nits text\ngoes on\n.IP\nand on\n");
    expect_body("a\n\n```\n.x 'y' *z*\n```", "a\n.PP\n.RS 4\n.nf\n\\&.x \\(aqy\\(aq *z*\n"
                                             ".fi\n.RE\n");
    expect_body("## Part\n```\nx\n```", ".SS Part\n.RS 4\n.nf\nx\n.fi\n.RE\n");
}

Test(manual, shows_what_means_something_to_roff_as_it_is)
{
    expect_body(".B is no macro", "\\&.B is no macro\n");
    expect_body("C:\\\\ `a` ~b^c", "C:\\e \\(gaa\\(ga \\(tib\\(hac\n");
    expect_body("1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 "
                "1234567890 .x",
                "1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 "
                "1234567890\n\\&.x\n");
}

Test(manual, tells_options_from_the_table)
{
    struct err err = ERR_NULL;
    CLEANUP(mem_freep)
    char *made =
        body("@options merge\n\n--format, --points\n\tAs of run.\n\n# NEXT\n", &err);

    cr_assert_not_null(made, "%s", err.msg);
    cr_expect_not_null(strstr(made,
                              ".TP\n\\fB\\-o\\fR, \\fB\\-\\-output\\fR \\fIRUN\\fR\n"
                              "Keep the merged run there"));
    cr_expect_not_null(strstr(made, ".TP\n\\fB\\-\\-format\\fR \\fItext|json|"));
    cr_expect_not_null(strstr(made, ".TQ\n\\fB\\-\\-points\\fR\nAs of run.\n"));
    cr_expect_null(strstr(made, "Of the report"));
    cr_expect_not_null(strstr(made, ".SH NEXT\n"));
}

Test(manual, mistakes_are_told_with_their_line)
{
    expect_mistake("a *b\n", "mine.scd:2: this line does not close what it marks");
    expect_mistake("\n```\nx\n", "``` is not closed");
    expect_mistake("@options new\n", "mine.scd:2: expected @synopsis");
    expect_mistake("@options merge\n\n--nope\n\tx\n",
                   "mine.scd:4: there is no option --nope");
}

/* ---- the pages that there are ---- */

static char *page_text(const char *name)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/%s", getenv("MANUALS"), name);
    char *text = file_read(path, &(size_t){ 0 });

    cr_assert_not_null(text, "read '%s'", path);
    return text;
}

/* Is it in the page, in bold? */
static void expect_word(const char *page, const char *word)
{
    CLEANUP(mem_freep) char *bold = mem_printf("\\fB%s\\fR", word);

    cr_expect_not_null(strstr(page, bold), "the page does not name '%s'", word);
}

/* The part of a page below a heading; the caller frees it. */
static char *section(const char *page, const char *heading)
{
    CLEANUP(mem_freep) char *line = mem_printf("\n.SH %s\n", heading);
    const char *begin = strstr(page, line), *end;

    cr_assert_not_null(begin, "no heading '%s'", heading);
    end = strstr(begin + 1, "\n.SH ");
    return end ? mem_printf("%.*s", (int)(end - begin), begin) : mem_strdup(begin);
}

static void expect_options(const char *page, const char *heading,
                           const struct cmd_option *options)
{
    CLEANUP(mem_freep) char *part = section(page, heading);

    for (; options->name; options++) {
        CLEANUP(mem_freep) char *word = mem_strdup("\\-\\-");

        for (const char *c = options->name; *c; c++) {
            CLEANUP(mem_freep) char *before = word;

            word =
                *c == '-' ? mem_printf("%s\\-", before) : mem_printf("%s%c", before, *c);
        }
        expect_word(part, word);
    }
}

Test(pages, all_commands_and_options)
{
    CLEANUP(mem_freep) char *page = page_text("afterkill.1");
    CLEANUP(mem_freep) char *commands = section(page, "COMMANDS");
    const struct subcommand *command;

    for (size_t i = 0; (command = subcommand_at(i)); i++) {
        CLEANUP(mem_freep) char *heading = mem_printf("OPTIONS OF %s", command->name);

        for (char *c = heading; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        cr_expect_not_null(strstr(commands, command->name), "%s", command->name);
        if (command->line->options)
            expect_options(page, heading, command->line->options);
    }
    expect_options(page, "GATES", gate_line.options);
}

Test(pages, all_keys_of_scenarios)
{
    CLEANUP(mem_freep) char *page = page_text("afterkill-scenario.5");
    const char *key;

    for (size_t i = 0; (key = scenario_key(i)); i++)
        expect_word(page, key);
    for (unsigned i = 0; i < LATER_COUNT; i++)
        expect_word(page, later_name(i));
    for (int i = FAULT_STEP; i < FAULT_COUNT; i++)
        expect_word(page, fault_by_id((enum fault_id)i)->name);
}

/* Every name behind "CREATE TABLE" and "CREATE VIEW". */
Test(pages, all_tables_of_runs)
{
    CLEANUP(mem_freep) char *page = page_text("afterkill-results.5");
    const char *rest = store_schema;

    while ((rest = strstr(rest, "CREATE "))) {
        rest = strchr(rest + strlen("CREATE "), ' ') + 1;
        CLEANUP(mem_freep) char *name =
            mem_printf("%.*s", (int)strcspn(rest, "( "), rest);

        expect_word(page, name);
    }
}

Test(pages, all_verdicts)
{
    CLEANUP(mem_freep) char *page = page_text("afterkill-results.5");

    for (int status = 0; status <= EXIT_NOTHING_RAN; status++)
        expect_word(page, exit_status_name((enum exit_status)status));
    expect_word(page, exit_status_name(EXIT_INTERRUPTED));
}
