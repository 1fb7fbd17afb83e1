/* replay.c - the fuzzer's entry without a fuzzer: runs all files of the directories that
 * are named, and so many inputs that are made from them.
 *
 *     replay MUTATIONS DIRECTORY...
 *
 * What is made is a function of the input's number alone, so a failure can be repeated.
 * A crash prints which input it was and leaves it in the current directory, where
 * tools/fuzz takes it up. */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define SEED 20240229
#define SEEDS_MOST 500
#define INPUT_MOST 65536
#define EDITS_MOST 6

struct text {
    char *bytes; /* owned */
    size_t size;
};

static struct text seeds[SEEDS_MOST];
static size_t seed_count;

/* What is being run, for the handler of a crash. */
static const char *now_bytes;
static size_t now_size;
static char now_name[300];

/* Words that turn one scenario into another, one text in the notation, and one stream of
 * commands or replies. */
static const char *const words[] = {
    "return",
    "function",
    "end",
    "local ",
    "nil",
    "true",
    "false",
    "{",
    "}",
    "{}",
    "(",
    ")",
    ",",
    "=",
    "'",
    "\"",
    "[[",
    "]]",
    "--",
    "--[[",
    "\n",
    "\0",
    "0",
    "-1",
    "1e309",
    "0/0",
    "1 << 62",
    "title",
    "source",
    "params",
    "before",
    "strategies",
    "recover",
    "alive",
    "ignore",
    "ordered",
    "zero",
    "invariants",
    "name",
    "about",
    "expect",
    "reference",
    "update",
    "'atomic'",
    "'safe'",
    "{ 'leaked', 'broken' }",
    "expires(",
    "refers{from=",
    "exactly_one{item=",
    "places=",
    "equal(",
    "setmetatable(",
    "__index",
    "__tostring",
    "__len",
    "error(",
    "error({})",
    "string.rep('x', 1 << 20)",
    "('%s'):format(",
    "for i = 1, 9 do ",
    "while true do ",
    "goto ",
    "\xff",
    "\33Lua",
    "#!",
    "_G",
    "_ENV",
    "pairs(",
    "table.unpack(",
    "string.dump(",
    "pcall(",
    "math.huge",
    "utf8.char(",
    "atomic(",
    "requeue{from=",
    "acquires(",
    " | ",
    ";",
    "[",
    "]",
    "lua(",
    "\\x00",
    "\\",
    "MULTI",
    "SETNX k 1",
    "\r\n",
    "*2\r\n",
    "$1\r\n",
    "$-1\r\n",
    "|1\r\n",
    ">2\r\n",
};

static uint64_t pick(uint64_t bound, uint64_t number, uint64_t *draw)
{
    return rng_below(bound, SEED, number, (*draw)++);
}

/* Replaces `gone` bytes at a place by others. */
static void splice(struct text *text, size_t at, size_t gone, const char *bytes,
                   size_t size)
{
    if (text->size - gone + size > INPUT_MOST)
        return;
    memmove(text->bytes + at + size, text->bytes + at + gone, text->size - at - gone);
    if (size)
        memmove(text->bytes + at, bytes, size);
    text->size += size - gone;
}

/* A part of a seed, in a copy: it may be a part of the same. */
static void splice_part(struct text *text, size_t at, size_t gone,
                        const struct text *from, uint64_t number, uint64_t *draw)
{
    size_t start = pick(from->size + 1, number, draw);
    size_t size = pick(from->size - start + 1, number, draw);
    CLEANUP(mem_freep) char *part = mem_copy(from->bytes + start, size % 2048);

    splice(text, at, gone, part, size % 2048);
}

static void edit(struct text *text, uint64_t number, uint64_t *draw)
{
    size_t at = pick(text->size + 1, number, draw);
    size_t left = text->size - at;
    size_t gone = pick((left < 64 ? left : 64) + 1, number, draw);
    const char *word = words[pick(ARRAY_SIZE(words), number, draw)];
    char byte = (char)pick(256, number, draw);

    switch (pick(6, number, draw)) {
    case 0:
        splice(text, at, gone, NULL, 0);
        break;
    case 1:
        splice(text, at, left > 0, &byte, 1);
        break;
    case 2:
        splice(text, at, 0, word, strlen(word));
        break;
    case 3:
        splice(text, at, gone, word, strlen(word));
        break;
    case 4:
        splice_part(text, at, gone, &seeds[pick(seed_count, number, draw)], number, draw);
        break;
    default:
        splice_part(text, at, 0, text, number, draw);
    }
}

/* Writes down what it was about, with the few calls that a handler may make. */
static void explain_crash(int signal_number)
{
    static const char text[] = "replay: that was ";
    FILE *file;

    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ||
        write(STDERR_FILENO, now_name, strlen(now_name)) < 0 ||
        write(STDERR_FILENO, "; see replay-crash.lua\n", 23) < 0)
        _exit(1);
    file = fopen("replay-crash.lua", "we"); /* nothing is left to break */
    if (file) {
        fwrite(now_bytes, 1, now_size, file);
        fclose(file);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* Runs one input from a block of exactly its size, so that a sanitizer sees what reads
 * behind it. */
static void run(const struct text *text, const char *name)
{
    CLEANUP(mem_freep) char *exact = mem_copy(text->bytes, text->size);

    now_bytes = exact;
    now_size = text->size;
    snprintf(now_name, sizeof(now_name), "%s", name);
    LLVMFuzzerTestOneInput((const uint8_t *)exact, text->size);
}

static struct text read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    struct text text = { mem_alloc(INPUT_MOST), 0 };

    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    text.size = fread(text.bytes, 1, INPUT_MOST, file);
    fclose(file);
    return text;
}

static void read_seeds(const char *directory)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, NULL, alphasort);

    if (count < 0) {
        perror(directory);
        exit(EXIT_FAILURE);
    }
    for (int i = 0; i < count; i++) {
        CLEANUP(mem_freep) char *path =
            mem_printf("%s/%s", directory, entries[i]->d_name);

        if (entries[i]->d_name[0] != '.' && seed_count < SEEDS_MOST) {
            seeds[seed_count] = read_text(path);
            run(&seeds[seed_count++], path);
        }
        free(entries[i]);
    }
    free(entries);
}

static void run_mutation(uint64_t number)
{
    struct text text = { mem_alloc(INPUT_MOST), 0 };
    CLEANUP(mem_freep) char *name =
        mem_printf("mutation %llu", (unsigned long long)number);
    uint64_t draw = 0;
    const struct text *seed = &seeds[pick(seed_count, number, &draw)];
    uint64_t edits = 1 + pick(EDITS_MOST, number, &draw);

    memcpy(text.bytes, seed->bytes, seed->size);
    text.size = seed->size;
    for (uint64_t i = 0; i < edits; i++)
        edit(&text, number, &draw);
    run(&text, name);
    free(text.bytes);
}

int main(int argc, char **argv)
{
    unsigned long long mutations = argc > 2 ? strtoull(argv[1], NULL, 10) : 0;

    if (argc < 3) {
        fprintf(stderr, "usage: replay MUTATIONS DIRECTORY...\n");
        return 2;
    }
    signal(SIGABRT, explain_crash);
    signal(SIGSEGV, explain_crash);
    for (int i = 2; i < argc; i++)
        read_seeds(argv[i]);
    if (!seed_count) {
        fprintf(stderr, "replay: there are no seeds\n");
        return EXIT_FAILURE;
    }
    for (unsigned long long i = 0; i < mutations; i++)
        run_mutation(i);
    printf("%zu seeds, %llu mutations\n", seed_count, mutations);
    for (size_t i = 0; i < seed_count; i++)
        free(seeds[i].bytes);
    return EXIT_SUCCESS;
}
