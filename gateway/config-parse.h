/* SPDX-License-Identifier: MIT
 *
 * From JSON to a checked PenstockConfigData: the walk along the table of
 * fields (config-parse.c), single values (config-values.c), and what several
 * values say together (config-check.c). Every problem of the file is
 * collected. Secrets never get into a message. */
#ifndef PENSTOCK_CONFIG_PARSE_H
#define PENSTOCK_CONFIG_PARSE_H

#include "config-fields.h"
#include "json-locate.h"

G_BEGIN_DECLS

/* What is told at most; the rest is counted. */
#define PENSTOCK_CONFIG_MAX_PROBLEMS 200

/**
 * PenstockConfigParse:
 * @json: the document
 * @filename: (nullable): for messages
 * @folder: relative paths start here
 * @environment: "NAME=value" strings
 * @data: what is being filled
 * @problems: errors found so far
 * @warnings: the same for what is suspicious but allowed
 * @origins: struct or member → the PenstockJsonNode it was read from
 * @variables: member → name of the environment variable that set it
 */
typedef struct
{
  const PenstockJson *json;
  const gchar *filename;
  const gchar *folder;
  const gchar *const *environment;
  PenstockConfigData *data;
  GPtrArray *problems;
  GPtrArray *warnings;
  GHashTable *origins;
  GHashTable *variables;
} PenstockConfigParse;

/**
 * penstock_config_parse:
 * @text: a JSON route map
 * @size: bytes in @text
 * @filename: (nullable): name for messages and folder of relative paths
 * @environment: "NAME=value" strings, ends in %NULL
 * @warnings: (out) (transfer full): one line each, or %NULL when there are
 *   none
 * @error: %PENSTOCK_ERROR_CONFIG_SYNTAX or %PENSTOCK_ERROR_CONFIG
 *
 * Returns: (transfer full): the settings, or %NULL
 */
PenstockConfigData *penstock_config_parse (const gchar *text, gsize size,
    const gchar *filename, const gchar *const *environment, gchar **warnings,
    GError **error);

/* --- inside ---------------------------------------------------------------- */

/* An error at the value of @node. */
void penstock_config_problem (PenstockConfigParse *self,
    const PenstockJsonNode *node, const gchar *format, ...)
    G_GNUC_PRINTF (3, 4);

/* An error at the key of @node. */
void penstock_config_key_problem (PenstockConfigParse *self,
    const PenstockJsonNode *node, const gchar *format, ...)
    G_GNUC_PRINTF (3, 4);

void penstock_config_warning (PenstockConfigParse *self,
    const PenstockJsonNode *node, const gchar *format, ...)
    G_GNUC_PRINTF (3, 4);

/* An error without a place in the file; @subject: a pointer or variable. */
void penstock_config_general_problem (PenstockConfigParse *self,
    const gchar *subject, const gchar *format, ...) G_GNUC_PRINTF (3, 4);

/* "expected ..., found ..." for @node, with @hint (nullable) behind it. The
 * value is shown only where no secret can stand by mistake. */
void penstock_config_unexpected (PenstockConfigParse *self,
    const PenstockField *field, const PenstockJsonNode *node,
    const gchar *hint);

/* The same where there is no field; tells the type of @node, not its value. */
void penstock_config_unexpected_type (PenstockConfigParse *self,
    const gchar *expected, const PenstockJsonNode *node);

/* (transfer full): what @field takes, to follow "expected". */
gchar *penstock_field_dup_expected (const PenstockField *field);

/* (transfer full): `"a", "b" or "c"`. */
gchar *penstock_field_values_dup_list (const PenstockFieldValue *values);

/* (transfer full) (nullable): ` (did you mean "tcp"?)`. */
gchar *penstock_config_dup_hint (const gchar *word,
    const gchar *const *words);

/* Reads a scalar into the struct @object; tells problems. */
void penstock_config_parse_value (PenstockConfigParse *self,
    const PenstockField *field, const PenstockJsonNode *node,
    gpointer object);

/* The same for the part of a short form that goes into a member. */
void penstock_config_parse_text (PenstockConfigParse *self,
    const PenstockField *field, const PenstockJsonNode *node,
    const gchar *text, gpointer object);

/* Applies the environment to the scalars that have variables. */
void penstock_config_parse_environment (PenstockConfigParse *self);

/* What no single value can tell; needs everything else parsed. */
void penstock_config_check (PenstockConfigParse *self);

G_END_DECLS

#endif /* PENSTOCK_CONFIG_PARSE_H */
