/* learner.c - see learner.h. */
#include "audit/learner.h"

#include <stdlib.h>
#include <string.h>

#include "audit/tree.h"
#include "base/mem.h"

#define WORDS_MOST 24     /* of a key; what follows is {...} */
#define CHILDREN_MOST 512 /* of a node; more are names */
#define NAMES_LEAST 12    /* as many words with the same below them are names, */
#define NAMES_SURELY 256  /* however many keys they have, */
#define NAMES_ALIKE 64    /* or as many with nearly the same */
#define FEW_KEYS 16       /* of a name's, for each pattern below it */
#define MUCH_LIGHTER 8    /* than the kind that it belongs to */
#define VERY_MUCH_LIGHTER 64
#define SURE_LENGTH 8 /* shorter words are what they look like */

struct learner {
    struct tree tree;
};

struct learner *learner_new(const struct learner_blocks *blocks)
{
    struct learner *learner = MEM_NEW(struct learner);

    tree_init(&learner->tree, blocks);
    return learner;
}

struct learner *learner_free(struct learner *learner)
{
    if (learner)
        tree_release(&learner->tree);
    free(learner);
    return NULL;
}

/* ---- names: words that stand for one of many ---- */

/* A child that may be a name. */
struct candidate {
    tree_id id;
    char delimiter;
    bool light;
    uint64_t class; /* of those that would be names together */
};

static bool is_light(const struct tree *tree, tree_id id)
{
    return tree_at(tree, id)->keys <= FEW_KEYS * tree_leaves(tree, id);
}

/* Which kinds of words are below it, by a bit for each. */
static uint64_t shape_of(const struct tree *tree, tree_id id)
{
    uint64_t bits = 0;

    for (tree_id child = tree_at(tree, id)->first; child;
         child = tree_at(tree, child)->next) {
        const struct tree_node *node = tree_at(tree, child);

        bits |= UINT64_C(1) << ((unsigned)node->kind * 7 + (uint8_t)node->delimiter) % 64;
    }
    return bits;
}

static int by_class(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->delimiter != y->delimiter)
        return x->delimiter < y->delimiter ? -1 : 1;
    return (x->class > y->class) - (x->class < y->class);
}

/* The words below a node, in classes. The caller frees them. */
static struct candidate *candidates_of(const struct tree *tree, tree_id id,
                                       uint64_t (*class)(const struct tree *, tree_id),
                                       size_t *ret_count)
{
    struct candidate *list = MEM_ARRAY(struct candidate, tree_at(tree, id)->children + 1);
    size_t count = 0;

    for (tree_id child = tree_at(tree, id)->first; child;
         child = tree_at(tree, child)->next)
        if (tree_at(tree, child)->kind == TOKEN_WORD)
            list[count++] =
                (struct candidate){ child, tree_at(tree, child)->delimiter,
                                    is_light(tree, child), class(tree, child) };
    qsort(list, count, sizeof(*list), by_class);
    *ret_count = count;
    return list;
}

/* Where names of a node belong: with its ids, if these are nearly all, else {any}. */
static tree_id place_for_names(struct tree *tree, tree_id id, char delimiter,
                               uint64_t keys)
{
    struct token any = { .kind = TOKEN_ANY, .delimiter = delimiter, .length = UINT8_MAX };
    tree_id place = tree_child(tree, id, TOKEN_ANY, delimiter, "");
    tree_id ids = tree_child(tree, id, TOKEN_ID, delimiter, "");

    if (!place && ids && tree_at(tree, ids)->keys >= MUCH_LIGHTER * keys)
        place = ids;
    return place ? place : tree_add(tree, id, &any);
}

/* Makes candidates of one delimiter names, all or those with few keys. */
static void fold(struct tree *tree, tree_id id, const struct candidate *list,
                 size_t count, bool light_only)
{
    uint64_t keys = 0;
    tree_id place;

    for (size_t i = 0; i < count; i++)
        keys += tree_at(tree, list[i].id)->keys;
    place = place_for_names(tree, id, list[0].delimiter, keys);
    tree_at(tree, id)->folded = true;
    for (size_t i = 0; i < count; i++)
        if (list[i].light || !light_only)
            tree_join(tree, place, list[i].id);
}

/* Folds each class of which there are so many. */
static void fold_classes(struct tree *tree, tree_id id,
                         uint64_t (*class)(const struct tree *, tree_id), size_t least)
{
    size_t count;
    CLEANUP(mem_freep) struct candidate *list = candidates_of(tree, id, class, &count);

    for (size_t i = 0, end; i < count; i = end) {
        size_t light = 0;

        for (end = i; end < count && by_class(&list[i], &list[end]) == 0; end++)
            light += list[end].light;
        if (end - i >= NAMES_SURELY)
            fold(tree, id, &list[i], end - i, false);
        else if (light >= least)
            fold(tree, id, &list[i], end - i, true);
    }
}

/* May a word of this kind be one of that kind that only looks like another? */
static bool may_be(enum token_kind kind, const char *text, enum token_kind wide)
{
    if (wide == TOKEN_ANY)
        return kind == TOKEN_ID || kind == TOKEN_HEX;
    if (wide == TOKEN_ID)
        return kind == TOKEN_HEX || kind == TOKEN_NUMBER || kind == TOKEN_WORD;
    return wide == TOKEN_HEX &&
           (kind == TOKEN_NUMBER ||
            (kind == TOKEN_WORD && strspn(text, "abcdefABCDEF") == strlen(text)));
}

/* Of many hexadecimal ids some have no letters, and some no digits. */
static bool belongs(const struct tree *tree, tree_id id, tree_id wide)
{
    const struct tree_node *node = tree_at(tree, id), *place = tree_at(tree, wide);

    return node->delimiter == place->delimiter &&
           may_be(node->kind, node->text, place->kind) && node->shortest >= SURE_LENGTH &&
           node->shortest >= place->shortest && node->longest <= place->longest &&
           node->keys * MUCH_LIGHTER <= place->keys && tree_fits(tree, id, wide);
}

/* Where both kinds are at a place, each with something else below it, what the other kind
 * has much more of belongs there, if the words may be as long. */
static void unite_below(struct tree *tree, tree_id id, tree_id wide)
{
    const struct tree_node *node = tree_at(tree, id), *place = tree_at(tree, wide);

    if (node->delimiter != place->delimiter ||
        !may_be(node->kind, node->text, place->kind) || place->shortest < SURE_LENGTH ||
        node->longest < place->shortest)
        return;
    for (tree_id child = node->first, next; child; child = next) {
        const struct tree_node *below = tree_at(tree, child);
        tree_id same = tree_child(tree, wide, below->kind, below->delimiter, below->text);

        next = below->next;
        if (!same || below->keys * VERY_MUCH_LIGHTER > tree_at(tree, same)->keys ||
            !tree_fits(tree, child, same))
            continue;
        tree_at(tree, id)->keys -= below->keys;
        tree_at(tree, wide)->keys += below->keys;
        tree_join(tree, same, child);
    }
}

static void unite(struct tree *tree, tree_id id)
{
    for (tree_id wide = tree_at(tree, id)->first; wide; wide = tree_at(tree, wide)->next)
        for (tree_id child = tree_at(tree, id)->first, next; child; child = next) {
            next = tree_at(tree, child)->next;
            if (child == wide)
                continue;
            if (belongs(tree, child, wide)) {
                tree_join(tree, wide, child);
                tree_at(tree, id)->folded = true;
                continue;
            }
            unite_below(tree, child, wide);
            if (!tree_at(tree, child)->first && !tree_is_leaf(tree_at(tree, child)))
                tree_remove(tree, child);
        }
}

/* Names that have something else below them than most: beside so many others they are
 * names all the same. */
static void fold_stragglers(struct tree *tree, tree_id id)
{
    for (tree_id child = tree_at(tree, id)->first, next; child; child = next) {
        const struct tree_node *node = tree_at(tree, child);
        tree_id any = tree_child(tree, id, TOKEN_ANY, node->delimiter, "");

        next = node->next;
        if (any && node->kind == TOKEN_WORD && is_light(tree, child) &&
            (node->keys * MUCH_LIGHTER <= tree_at(tree, any)->keys ||
             tree_fits(tree, child, any)))
            tree_join(tree, any, child);
    }
}

/* Ids with hyphens in them that did not look like ids, and were taken for several words:
 * they end somewhere below `id`, which is behind so many bytes of them. */
static void mend(struct tree *tree, tree_id id, size_t length, tree_id ids)
{
    for (tree_id child = tree_at(tree, id)->first, next; child; child = next) {
        const struct tree_node *node = tree_at(tree, child), *whole = tree_at(tree, ids);
        size_t bytes = length + node->longest;

        next = node->next;
        if (child == ids || node->keys * MUCH_LIGHTER > whole->keys)
            continue;
        if (token_is_weak(node->delimiter) && bytes < whole->longest)
            mend(tree, child, bytes + 1, ids);
        else if (length && node->delimiter == whole->delimiter &&
                 bytes >= whole->shortest && bytes <= whole->longest &&
                 tree_fits(tree, child, ids))
            tree_join(tree, ids, child);
    }
    if (length && !tree_at(tree, id)->first)
        tree_remove(tree, id);
}

static void mend_ids(struct tree *tree, tree_id id)
{
    for (tree_id child = tree_at(tree, id)->first; child;
         child = tree_at(tree, child)->next)
        if (tree_at(tree, child)->kind == TOKEN_ID &&
            tree_at(tree, child)->shortest >= SURE_LENGTH)
            mend(tree, id, 0, child);
}

/* From below: what is the same is seen better when names in it are known. */
static void settle(struct tree *tree, tree_id id)
{
    size_t count;

    for (tree_id child = tree_at(tree, id)->first; child;
         child = tree_at(tree, child)->next)
        settle(tree, child);
    count = tree->count;
    mend_ids(tree, id);
    fold_classes(tree, id, tree_signature, NAMES_LEAST);
    fold_classes(tree, id, shape_of, NAMES_ALIKE);
    fold_stragglers(tree, id);
    unite(tree, id);
    for (tree_id child = tree_at(tree, id)->first; tree->count < count && child;
         child = tree_at(tree, child)->next)
        if (tree_at(tree, child)->kind != TOKEN_WORD)
            settle(tree, child);
}

void learner_settle(struct learner *learner)
{
    settle(&learner->tree, 0);
}

/* ---- room ---- */

static uint64_t no_class(const struct tree *tree, tree_id id)
{
    (void)tree, (void)id;
    return 0;
}

/* One node has too many children: those with few keys are names, and if this does not
 * help, all are. */
static void thin(struct tree *tree, tree_id id)
{
    fold_classes(tree, id, no_class, NAMES_LEAST);
    if (tree_at(tree, id)->children < CHILDREN_MOST)
        return;
    fold_classes(tree, id, no_class, 1);
    tree_at(tree, id)->crowded = true;
}

static void close_small(struct tree *tree, tree_id id, uint64_t most)
{
    if (tree_at(tree, id)->children > 1 && tree_at(tree, id)->keys <= most) {
        tree_close(tree, id);
        return;
    }
    for (tree_id child = tree_at(tree, id)->first; child;
         child = tree_at(tree, child)->next)
        close_small(tree, child, most);
}

/* The tree has too many nodes. */
static void squeeze(struct tree *tree)
{
    settle(tree, 0);
    for (uint64_t most = FEW_KEYS; tree->count > LEARNER_NODES / 4 * 3; most *= 4)
        close_small(tree, 0, most);
}

/* Is there room for another child? Else makes some, and whatever was found before may be
 * gone. */
static bool has_room(struct tree *tree, tree_id parent)
{
    if (tree->count >= LEARNER_NODES) {
        squeeze(tree);
        return false;
    }
    if (tree_at(tree, parent)->children < CHILDREN_MOST)
        return true;
    thin(tree, parent);
    return false;
}

/* ---- keys ---- */

static tree_id child_for(const struct tree *tree, tree_id parent,
                         const struct token *token)
{
    tree_id id = tree_child(tree, parent, token->kind, token->delimiter, token->text);

    if (!id)
        id = tree_child(tree, parent, TOKEN_REST, TOKEN_END, "");
    if (!id && tree_at(tree, parent)->folded)
        id = tree_wider(tree, parent, token->kind, token->delimiter);
    return id;
}

/* The next word of a key, of which so many were taken. */
static void next_word(struct str key, size_t *at, size_t taken, struct token *ret)
{
    token_next(key, at, ret);
    if (taken == WORDS_MOST)
        *ret = (struct token){ .kind = TOKEN_REST, .delimiter = TOKEN_END };
}

/* The key's leaf; 0: it has none. Or, with `add`, there was no room. */
static tree_id leaf_of(struct tree *tree, struct str key, bool add)
{
    tree_id node = 0, child;
    struct token token;
    size_t at = 0;

    for (size_t taken = 0; !node || !tree_is_leaf(tree_at(tree, node)); taken++) {
        next_word(key, &at, taken, &token);
        child = child_for(tree, node, &token);
        if (!child && (!add || !has_room(tree, node)))
            return 0;
        node = child ? child : tree_add(tree, node, &token);
        if (child && token.length < tree_at(tree, node)->shortest)
            tree_at(tree, node)->shortest = (uint8_t)token.length;
        if (child && token.length > tree_at(tree, node)->longest)
            tree_at(tree, node)->longest =
                token.length < UINT8_MAX ? (uint8_t)token.length : UINT8_MAX;
    }
    return node;
}

void *learner_add(struct learner *learner, struct str key)
{
    tree_id leaf;

    while (!(leaf = leaf_of(&learner->tree, key, true)))
        continue;
    tree_count(&learner->tree, leaf);
    return tree_at(&learner->tree, leaf)->block;
}

void *learner_find(struct learner *learner, struct str key)
{
    tree_id leaf = leaf_of(&learner->tree, key, false);

    return leaf ? tree_at(&learner->tree, leaf)->block : NULL;
}

/* ---- told ---- */

static void add_text(struct buffer *to, const char *text)
{
    buffer_add(to, str_of(text));
}

/* As a glob takes it for itself. */
static void add_literal(struct buffer *to, char byte)
{
    if (strchr("*?[]\\^", byte))
        add_text(to, "\\");
    buffer_add(to, (struct str){ &byte, 1 });
}

/* A word with placeholders in it: "worker{num}" is worker*. Braces are no part of words.
 */
static void add_glob(struct buffer *to, const struct tree_node *node)
{
    bool inside = false;

    if (node->kind != TOKEN_WORD)
        add_text(to, "*");
    for (const char *at = node->text; node->kind == TOKEN_WORD && *at; at++) {
        if (*at == '{')
            add_text(to, "*");
        else if (*at != '}' && !inside)
            add_literal(to, *at);
        inside = *at == '{' || (inside && *at != '}');
    }
    if (node->delimiter != TOKEN_END)
        add_literal(to, node->delimiter);
}

/* What is in braces is a placeholder, unless it is behind a backslash. */
static void add_delimiter(struct buffer *pattern, char byte)
{
    if (byte == TOKEN_END)
        return;
    if (strchr("{}\\", byte))
        add_text(pattern, "\\");
    buffer_add(pattern, (struct str){ &byte, 1 });
}

struct telling {
    const struct tree *tree;
    struct buffer pattern, glob;
    void (*tell)(void *context, const struct learned *learned);
    void *context;
};

static void tell_leaf(struct telling *telling, const struct tree_node *leaf, bool crowded)
{
    buffer_add(&telling->pattern, (struct str){ "", 1 });
    buffer_add(&telling->glob, (struct str){ "", 1 });
    telling->tell(telling->context,
                  &(struct learned){ telling->pattern.bytes, telling->glob.bytes,
                                     leaf->keys, crowded, leaf->block });
}

static void tell(struct telling *telling, tree_id id, bool crowded)
{
    size_t pattern = telling->pattern.length, glob = telling->glob.length;

    for (tree_id child = tree_at(telling->tree, id)->first; child;
         child = tree_at(telling->tree, child)->next) {
        const struct tree_node *node = tree_at(telling->tree, child);
        bool is_crowded = node->crowded || (crowded && node->kind == TOKEN_ANY);

        add_text(&telling->pattern,
                 node->kind == TOKEN_WORD ? node->text : token_placeholder(node->kind));
        add_delimiter(&telling->pattern, node->delimiter);
        add_glob(&telling->glob, node);
        if (tree_is_leaf(node))
            tell_leaf(telling, node, is_crowded);
        else
            tell(telling, child, is_crowded);
        telling->pattern.length = pattern;
        telling->glob.length = glob;
    }
}

void learner_each(const struct learner *learner,
                  void (*each)(void *context, const struct learned *learned),
                  void *context)
{
    struct telling telling = { &learner->tree, BUFFER_NULL, BUFFER_NULL, each, context };

    tell(&telling, 0, learner->tree.nodes[0].crowded);
    buffer_release(&telling.pattern);
    buffer_release(&telling.glob);
}
