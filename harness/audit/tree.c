/* tree.c - see tree.h. */
#include "audit/tree.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

#define BUCKETS 65536

void tree_init(struct tree *tree, const struct learner_blocks *blocks)
{
    *tree = (struct tree){ .blocks = blocks, .room = 64, .used = 1, .count = 1 };
    tree->nodes = MEM_ARRAY(struct tree_node, tree->room);
    tree->nodes[0] = (struct tree_node){ .delimiter = ':' };
    tree->buckets = mem_alloc(BUCKETS * sizeof(*tree->buckets));
}

static void drop_block(const struct tree *tree, struct tree_node *node)
{
    if (node->block)
        tree->blocks->release(node->block);
    free(node->block);
    node->block = NULL;
}

void tree_release(struct tree *tree)
{
    for (size_t i = 0; i < tree->used; i++) {
        drop_block(tree, &tree->nodes[i]);
        free(tree->nodes[i].text);
    }
    free(tree->nodes);
    free(tree->buckets);
    *tree = (struct tree){ .nodes = NULL };
}

/* The text of the other kinds is the kind's. */
static uint64_t hash_of(tree_id parent, enum token_kind kind, char delimiter,
                        const char *text)
{
    uint64_t seed = (uint64_t)parent << 16 | (uint64_t)kind << 8 | (uint8_t)delimiter;

    return XXH3_64bits_withSeed(text, kind == TOKEN_WORD ? strlen(text) : 0,
                                seed * UINT64_C(0x9e3779b97f4a7c15));
}

static tree_id *bucket_of(const struct tree *tree, tree_id id)
{
    const struct tree_node *node = tree_at(tree, id);

    return &tree->buckets[hash_of(node->parent, node->kind, node->delimiter, node->text) %
                          BUCKETS];
}

tree_id tree_child(const struct tree *tree, tree_id parent, enum token_kind kind,
                   char delimiter, const char *text)
{
    tree_id id = tree->buckets[hash_of(parent, kind, delimiter, text) % BUCKETS];

    for (; id; id = tree_at(tree, id)->chain) {
        const struct tree_node *node = tree_at(tree, id);

        if (node->parent == parent && node->kind == kind &&
            node->delimiter == delimiter &&
            (kind != TOKEN_WORD || strcmp(node->text, text) == 0))
            break;
    }
    return id;
}

/* Each kind of word may be one of those behind it. */
static const enum token_kind wider[TOKEN_KINDS][3] = {
    [TOKEN_WORD] = { TOKEN_ANY, TOKEN_ID },
    [TOKEN_NUMBER] = { TOKEN_HEX, TOKEN_ID, TOKEN_ANY },
    [TOKEN_HEX] = { TOKEN_ID, TOKEN_ANY },
    [TOKEN_ID] = { TOKEN_ANY },
};

tree_id tree_wider(const struct tree *tree, tree_id parent, enum token_kind kind,
                   char delimiter)
{
    tree_id id = 0;

    for (size_t i = 0; !id && i < ARRAY_SIZE(wider[kind]); i++)
        if (wider[kind][i])
            id = tree_child(tree, parent, wider[kind][i], delimiter, "");
    return id;
}

/* Puts a node under its parent, and where it is found. */
static void attach(struct tree *tree, tree_id id)
{
    struct tree_node *node = tree_at(tree, id), *parent = tree_at(tree, node->parent);
    tree_id *bucket = bucket_of(tree, id);

    node->next = parent->first;
    parent->first = id;
    parent->children++;
    node->chain = *bucket;
    *bucket = id;
}

static void detach(struct tree *tree, tree_id id)
{
    struct tree_node *node = tree_at(tree, id), *parent = tree_at(tree, node->parent);
    tree_id *at = bucket_of(tree, id);

    while (*at != id)
        at = &tree_at(tree, *at)->chain;
    *at = node->chain;
    for (at = &parent->first; *at != id;)
        at = &tree_at(tree, *at)->next;
    *at = node->next;
    parent->children--;
}

static tree_id take_node(struct tree *tree)
{
    tree_id id = tree->free;

    tree->count++;
    if (id) {
        tree->free = tree_at(tree, id)->next;
        return id;
    }
    if (tree->used == tree->room) {
        tree->room *= 2;
        tree->nodes = mem_grow(tree->nodes, tree->room, sizeof(*tree->nodes));
    }
    return (tree_id)tree->used++;
}

static void give_node(struct tree *tree, tree_id id)
{
    struct tree_node *node = tree_at(tree, id);

    drop_block(tree, node);
    free(node->text);
    *node = (struct tree_node){ .next = tree->free };
    tree->free = id;
    tree->count--;
}

tree_id tree_add(struct tree *tree, tree_id parent, const struct token *token)
{
    tree_id id = take_node(tree);
    uint8_t length = token->length < UINT8_MAX ? (uint8_t)token->length : UINT8_MAX;

    *tree_at(tree, id) = (struct tree_node){
        .text = mem_strdup(token->text),
        .kind = token->kind,
        .delimiter = token->delimiter,
        .shortest = length,
        .longest = length,
        .parent = parent,
        .block = token->delimiter == TOKEN_END ? mem_alloc(tree->blocks->bytes) : NULL,
    };
    attach(tree, id);
    return id;
}

void tree_count(struct tree *tree, tree_id leaf)
{
    for (tree_id id = leaf; id; id = tree_at(tree, id)->parent)
        tree_at(tree, id)->keys++;
    tree_at(tree, 0)->keys++;
}

void tree_remove(struct tree *tree, tree_id id)
{
    detach(tree, id);
    give_node(tree, id);
}

static void move(struct tree *tree, tree_id id, tree_id parent)
{
    detach(tree, id);
    tree_at(tree, id)->parent = parent;
    attach(tree, id);
}

void tree_join(struct tree *tree, tree_id into, tree_id from)
{
    struct tree_node *to = tree_at(tree, into), *gone = tree_at(tree, from);

    to->keys += gone->keys;
    to->folded |= gone->folded;
    to->crowded |= gone->crowded;
    to->shortest = to->shortest < gone->shortest ? to->shortest : gone->shortest;
    to->longest = to->longest > gone->longest ? to->longest : gone->longest;
    if (gone->block)
        tree->blocks->merge(to->block, gone->block);
    for (tree_id child; (child = gone->first);) {
        const struct tree_node *node = tree_at(tree, child);
        tree_id same = tree_child(tree, into, node->kind, node->delimiter, node->text);

        if (same)
            tree_join(tree, same, child);
        else
            move(tree, child, into);
    }
    tree_remove(tree, from);
}

/* Puts every leaf below a node into another one. */
static void gather(struct tree *tree, tree_id into, tree_id id)
{
    for (tree_id child; (child = tree_at(tree, id)->first);) {
        struct tree_node *node = tree_at(tree, child);

        gather(tree, into, child);
        if (node->block) {
            tree->blocks->merge(tree_at(tree, into)->block, node->block);
            tree_at(tree, into)->keys += node->keys;
        }
        tree_remove(tree, child);
    }
}

void tree_close(struct tree *tree, tree_id id)
{
    struct token rest = { .kind = TOKEN_REST, .delimiter = TOKEN_END };
    tree_id other = tree_add(tree, id, &rest);

    /* Out of the way of what is gathered, and back. */
    detach(tree, other);
    gather(tree, other, id);
    attach(tree, other);
    tree_at(tree, other)->crowded = true;
}

uint64_t tree_leaves(const struct tree *tree, tree_id id)
{
    const struct tree_node *node = tree_at(tree, id);
    uint64_t leaves = tree_is_leaf(node);

    for (tree_id child = node->first; child; child = tree_at(tree, child)->next)
        leaves += tree_leaves(tree, child);
    return leaves;
}

bool tree_fits(const struct tree *tree, tree_id id, tree_id into)
{
    for (tree_id child = tree_at(tree, id)->first; child;
         child = tree_at(tree, child)->next) {
        const struct tree_node *node = tree_at(tree, child);
        tree_id place = tree_child(tree, into, node->kind, node->delimiter, node->text);

        if (!place)
            place = tree_wider(tree, into, node->kind, node->delimiter);
        if (!place || !tree_fits(tree, child, place))
            return false;
    }
    return true;
}

/* A sum, for children are in no order. */
uint64_t tree_signature(const struct tree *tree, tree_id id)
{
    uint64_t sum = 1;

    for (tree_id child = tree_at(tree, id)->first; child;
         child = tree_at(tree, child)->next) {
        const struct tree_node *node = tree_at(tree, child);
        uint64_t below = tree_signature(tree, child);

        sum += XXH3_64bits_withSeed(&below, sizeof(below),
                                    hash_of(0, node->kind, node->delimiter, node->text));
    }
    return sum;
}
