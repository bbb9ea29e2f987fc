/* SPDX-License-Identifier: MIT
 *
 * Strict JSON (RFC 8259) that remembers where everything stands. Refuses what
 * lenient parsers let through: comments, trailing commas, duplicate keys, bad
 * numbers, invalid UTF-8. Pure. */
#ifndef PENSTOCK_JSON_LOCATE_H
#define PENSTOCK_JSON_LOCATE_H

#include <glib.h>

G_BEGIN_DECLS

/* A route map of 10,000 routes has about 2 MiB. */
#define PENSTOCK_JSON_MAX_SIZE (8 * 1024 * 1024)
/* A route map needs 6. */
#define PENSTOCK_JSON_MAX_DEPTH 32

/* Characters of a key or value that a message shows, and of a file name. */
#define PENSTOCK_JSON_QUOTE_SHORT 48
#define PENSTOCK_JSON_QUOTE_PATH 4096

typedef enum {
  PENSTOCK_JSON_NULL,
  PENSTOCK_JSON_BOOLEAN,
  PENSTOCK_JSON_NUMBER,
  PENSTOCK_JSON_STRING,
  PENSTOCK_JSON_ARRAY,
  PENSTOCK_JSON_OBJECT,
} PenstockJsonType;

typedef struct _PenstockJsonNode PenstockJsonNode;

/**
 * PenstockJsonNode:
 * @parent: (nullable): the array or object it is in
 * @first: (nullable): first member or element
 * @next: (nullable): next one of the same parent
 * @n_children: of an array or object
 * @index: position in its parent, from 0
 * @key: (nullable): name of the member, unescaped
 * @text: (nullable): of a string, unescaped; of a number, as it is written
 * @boolean: of a boolean
 * @offset: byte where the value starts
 * @key_offset: byte where its key starts; @offset when it has none
 */
struct _PenstockJsonNode {
  PenstockJsonType type;
  PenstockJsonNode *parent, *first, *last, *next;
  guint n_children, index;
  gchar *key, *text;
  gboolean boolean;
  gsize offset, key_offset;
};

/* What is wrong and where: lines and columns from 1, columns in characters. */
typedef struct {
  guint line, column;
  gchar message[160]; /* no value of the document, at most a key */
} PenstockJsonProblem;

typedef struct _PenstockJson PenstockJson;

/**
 * penstock_json_parse:
 * @text: the document; it may hold anything
 * @size: bytes in @text
 * @problem: (out): set when %NULL is returned
 *
 * Returns: (transfer full) (nullable): the document; it does not refer to
 *   @text later
 */
PenstockJson *penstock_json_parse (
    const gchar *text, gsize size, PenstockJsonProblem *problem);
void penstock_json_free (PenstockJson *json);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockJson, penstock_json_free)

const PenstockJsonNode *penstock_json_get_root (const PenstockJson *json);

/* The member @key of @object, or NULL. */
const PenstockJsonNode *penstock_json_member (
    const PenstockJsonNode *object, const gchar *key);

/* The value at a JSON pointer (RFC 6901), or NULL. */
const PenstockJsonNode *penstock_json_find (
    const PenstockJson *json, const gchar *pointer);

/* (transfer full): the JSON pointer of @node, "" for the document itself. */
gchar *penstock_json_node_pointer (const PenstockJsonNode *node);

/* (transfer full): @text as a JSON string with its quotes, for messages;
 * shortened to @max characters, valid UTF-8 whatever @text is. */
gchar *penstock_json_quote (const gchar *text, guint max);

/* Line and column, both from 1, of a byte of the document. */
void penstock_json_locate (
    const PenstockJson *json, gsize offset, guint *line, guint *column);

G_END_DECLS

#endif /* PENSTOCK_JSON_LOCATE_H */
