/* sheet.h - a document as a table of typed cells, and as a list of cases that pass or
 * fail: what formats are that have no layout of their own for each document.
 *
 * Documents become sheets in *_sheet.c, and a format lays out any sheet. Each column is a
 * row of the document's own table: its key, for programs, and its title, for people, who
 * do not see columns without one. Cells are values with a meaning, and not yet text: a
 * rate is one cell, of which CSV makes three fields and Markdown "87% [84, 90]".
 *
 * Cases are what a document is held to: a strategy to what is expected of it, a gate to
 * its bound. If the document's exit status is not 0, at least one of them has failed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result/exit_status.h"
#include "result/figures.h"
#include "stats/ratio.h"

enum cell_type {
    CELL_TEXT,  /* of ours */
    CELL_NAME,  /* of somebody else's: a scenario, a strategy, a command */
    CELL_WHOLE, /* a number of things */
    CELL_REAL,
    CELL_FLAG,
    CELL_SHARE,      /* a rate, with its interval */
    CELL_DIFFERENCE, /* of two rates, with its interval */
    CELL_RATIO,      /* with its interval, which may be unknown */
    CELL_DURATION,   /* us */
    CELL_LASTS,      /* ms; LASTS_FOREVER */
    CELL_P,          /* of a test */
    CELL_TYPES,
};

struct column {
    const char *key;
    const char *title; /* NULL: for programs only */
    enum cell_type type;
};

struct cell {
    bool known;     /* else it is empty */
    bool unreached; /* a share of 0, although there is something to hit */
    union {
        char *text; /* of CELL_TEXT and CELL_NAME; owned */
        uint64_t whole;
        double real;
        bool flag;
        struct rate share;
        struct {
            double estimate;
            struct interval interval;
        } difference;
        struct ratio ratio;
        double us;
        int64_t lasts_ms;
    };
};

enum case_outcome {
    CASE_PASSED,
    CASE_SKIPPED, /* nothing is expected, or it cannot be run here */
    CASE_OPEN,    /* what was found does not decide it */
    CASE_FAILED,
    CASE_ERROR, /* it was not run to its end, or nothing can be trusted */
    CASE_OUTCOMES,
};

/* Texts that are NULL are not told. */
struct sheet_case {
    enum case_outcome outcome;
    const char *type; /* what failed: "expectation", "gate", .. */
    char *suite;      /* the scenario; owned, as are the other texts */
    char *name;       /* NULL: it is the scenario itself */
    char *message;    /* why it is not as it should be, or was skipped */
    char *note;       /* what should be known of one that passes */
    char *expected, *found, *advice, *command;
    char *path;    /* the scenario's file; NULL: it is none */
    unsigned line; /* where the strategy stands in it; 0: not known */
    double seconds;
};

struct sheet {
    const char *what; /* "run", "check", .. */
    char *title;      /* what it is about; NULL: of everything; owned */
    char *verdict;    /* all of it in one line; owned */
    char *command;    /* that shows more; NULL: there is none; owned */
    enum exit_status status;
    double seconds; /* that it took, of a check */
    struct column *columns;
    size_t column_count;
    struct cell *cells; /* row by row; owned */
    size_t row_count;
    struct sheet_case *cases; /* owned */
    size_t case_count;
};

#define SHEET_NULL ((struct sheet){ .title = NULL })

/* Before any row. */
void sheet_column(struct sheet *sheet, const struct column *column);
/* Adds a row of empty cells, and returns the first of them. */
struct cell *sheet_row(struct sheet *sheet);
const struct cell *sheet_cell(const struct sheet *sheet, size_t row, size_t column);
/* Adds a case of the scenario; valid until the next is added. */
struct sheet_case *sheet_case(struct sheet *sheet, enum case_outcome outcome,
                              const char *suite);
/* Where it stands: of what is no scenario's file, but a name or a stream, nowhere. */
void sheet_place(struct sheet_case *item, const char *path, unsigned line);
/* When all has been added: an exit status that no case accounts for becomes one. */
void sheet_end(struct sheet *sheet);
void sheet_clear(struct sheet *sheet);   /* takes its rows away */
void sheet_release(struct sheet *sheet); /* may be called twice */

/* What a cell holds; of a text a copy. */
void cell_text(struct cell *cell, const char *text);
void cell_whole(struct cell *cell, uint64_t number);
void cell_real(struct cell *cell, double number); /* infinite, nan: empty */
void cell_flag(struct cell *cell, bool flag);
void cell_share(struct cell *cell, struct rate rate); /* of nothing: empty */
void cell_difference(struct cell *cell, double estimate, struct interval interval);
void cell_ratio(struct cell *cell, const struct ratio *ratio);
void cell_duration(struct cell *cell, double us);
void cell_lasts(struct cell *cell, int64_t lasts_ms);
void cell_p(struct cell *cell, double p);
