/* tree.h - the tree of words in which patterns are learned (learner.h): nodes that are
 * found by their parent and their word, joined, and counted. What should be joined is
 * the learner's to say.
 *
 * A node is a word with its delimiter. The path of a leaf is a pattern: its word ends the
 * key, and no other node's does. Nodes are known by number; 0 is the root, and stands for
 * "none" where one is asked for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/learner.h"
#include "audit/token.h"

typedef uint32_t tree_id;

struct tree_node {
    char *text; /* of the word, owned */
    enum token_kind kind;
    char delimiter;
    bool folded;               /* words that are not among its children are one of many */
    bool crowded;              /* see learner.h */
    uint8_t shortest, longest; /* of the words in the keys, at most 255 bytes */
    tree_id parent, first, next; /* child; sibling */
    tree_id chain;               /* of the same bucket */
    uint32_t children;
    uint64_t keys; /* below it */
    void *block;   /* of a leaf, owned */
};

struct tree {
    const struct learner_blocks *blocks; /* borrowed */
    struct tree_node *nodes;             /* owned */
    size_t room, used;                   /* of nodes; those that are free count as used */
    size_t count;                        /* of nodes that are not free */
    tree_id *buckets, free;
};

void tree_init(struct tree *tree, const struct learner_blocks *blocks);
void tree_release(struct tree *tree);

static inline struct tree_node *tree_at(const struct tree *tree, tree_id id)
{
    return &tree->nodes[id];
}

static inline bool tree_is_leaf(const struct tree_node *node)
{
    return node->delimiter == TOKEN_END;
}

/* 0: there is none. */
tree_id tree_child(const struct tree *tree, tree_id parent, enum token_kind kind,
                   char delimiter, const char *text);
/* A child that such a word may be one of, though it does not look like it. */
tree_id tree_wider(const struct tree *tree, tree_id parent, enum token_kind kind,
                   char delimiter);
/* Adds one that is not there. Addresses of nodes change. */
tree_id tree_add(struct tree *tree, tree_id parent, const struct token *token);
/* Counts a key at a leaf and all above it. */
void tree_count(struct tree *tree, tree_id leaf);

/* Puts a node, with all that is below it, into another one, which is not below it and has
 * the same delimiter. */
void tree_join(struct tree *tree, tree_id into, tree_id from);
/* Makes all that is below a node one leaf, {...}, a child of it. */
void tree_close(struct tree *tree, tree_id node);
/* Takes a node away that has nothing below it. */
void tree_remove(struct tree *tree, tree_id node);
/* The leaves below a node, or itself. */
uint64_t tree_leaves(const struct tree *tree, tree_id node);
/* Does whatever is below `node` have its place below `into`, too? */
bool tree_fits(const struct tree *tree, tree_id node, tree_id into);
/* Equal for nodes that have the same words below them. */
uint64_t tree_signature(const struct tree *tree, tree_id node);
