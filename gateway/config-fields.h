/* SPDX-License-Identifier: MIT
 *
 * The one table of everything a route map can say. Parser, defaults,
 * environment overrides, JSON Schema, reference page and comparison of two
 * configurations are made from it. Pure. */
#ifndef PENSTOCK_CONFIG_FIELDS_H
#define PENSTOCK_CONFIG_FIELDS_H

#include "config-types.h"

G_BEGIN_DECLS

typedef enum
{
  PENSTOCK_FIELD_OBJECT,      /* its members are rows below its path */
  PENSTOCK_FIELD_MAP,         /* any names, each an object: GPtrArray */
  PENSTOCK_FIELD_LIST,        /* of objects, at least one: GPtrArray */
  PENSTOCK_FIELD_KIND,        /* enum that says which rows an object has */
  PENSTOCK_FIELD_BOOLEAN,     /* gboolean */
  PENSTOCK_FIELD_UINT,        /* guint */
  PENSTOCK_FIELD_UINT64,      /* guint64 */
  PENSTOCK_FIELD_ENUM,        /* enum, by name */
  PENSTOCK_FIELD_CHOICE,      /* gchar *, one of the names */
  PENSTOCK_FIELD_STRING,      /* gchar *, not empty */
  PENSTOCK_FIELD_PATH,        /* gchar *, made absolute */
  PENSTOCK_FIELD_URL,         /* gchar *, credentials split off */
  PENSTOCK_FIELD_ADDRESS,     /* PenstockListenAddress */
  PENSTOCK_FIELD_SECRET,      /* gchar *, never shown */
  PENSTOCK_FIELD_SECRET_FILE, /* file whose first line is the secret */
  PENSTOCK_FIELD_NOTE,        /* string for others, not kept */
} PenstockFieldType;

/* A row ends with a NULL name. */
typedef struct
{
  const gchar *name;
  gint value;
  const gchar *help;
} PenstockFieldValue;

/**
 * PenstockField:
 * @path: JSON pointer; `*` stands for a name of a map or an index of a list
 * @kinds: bits (1 << kind) of the inputs or outputs that have it; 0 = all
 * @min: smallest number, with @max
 * @step: the number is a multiple of it; 0 = any
 * @fallback: default as JSON text; NULL = none
 * @values: names of an enum, kind or choice
 * @scheme: of a URL
 * @tls_scheme: another one that it may have; NULL = none
 * @offset: of the member in the struct of the object it is in
 * @help: one or more sentences for the reference
 * @example: JSON text
 */
typedef struct
{
  const gchar *path;
  PenstockFieldType type;
  guint kinds;
  gboolean required;
  guint64 min, max, step;
  const gchar *unit;
  const gchar *fallback;
  const PenstockFieldValue *values;
  const gchar *scheme, *tls_scheme;
  gsize offset;
  gsize item_size; /* map and list: of the struct of an item */
  GDestroyNotify item_free;
  const gchar *help;
  const gchar *example;
} PenstockField;

/* All rows; an object comes before its members. */
const PenstockField *penstock_config_fields (guint *n_fields);

/* Last part of the path: the key. */
const gchar *penstock_field_key (const PenstockField *field);

/* TRUE when @field is a direct member of the object at @parent ("" = top). */
gboolean penstock_field_is_in (const PenstockField *field,
    const gchar *parent);

/* TRUE when objects of @kind have it. @kind < 0: of any kind. */
gboolean penstock_field_has_kind (const PenstockField *field, gint kind);

/* The member @key of the object at @parent. @kind as above; for a list or map
 * item @parent ends in a `*`. NULL when there is none. */
const PenstockField *penstock_field_find (const gchar *parent,
    const gchar *key, gint kind);

/* The row of the object's `type`, or NULL when it has no kinds. */
const PenstockField *penstock_field_find_kind (const gchar *parent);

const PenstockFieldValue *penstock_field_value_by_name (
    const PenstockFieldValue *values, const gchar *name);
const gchar *penstock_field_value_name (const PenstockFieldValue *values,
    gint value);

/* (transfer full) (nullable): name of the environment variable that overrides
 * a scalar of the top level or of a section, as PENSTOCK_LISTEN_RTSP. */
gchar *penstock_field_dup_env (const PenstockField *field);

/**
 * PenstockShortForm:
 * @path: of an object that can also be written as a string
 * @text: the string, or its beginning when it goes into a member
 * @kind: what the object becomes
 * @key: member that takes the string; NULL = none, the string is exactly @text
 * @strip: the member takes the string without @text
 */
typedef struct
{
  const gchar *path;
  const gchar *text;
  gint kind;
  const gchar *key;
  gboolean strip;
} PenstockShortForm;

const PenstockShortForm *penstock_config_short_forms (guint *n_forms);

/* A key or kind that belongs to the design but not to this version: the rest
 * of the sentence "... is not supported by this version". NULL = unknown.
 * @value: of a `type`; NULL for a key. */
const gchar *penstock_config_unsupported (const gchar *parent,
    const gchar *key, const gchar *value);

G_END_DECLS

#endif /* PENSTOCK_CONFIG_FIELDS_H */
