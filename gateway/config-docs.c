/* SPDX-License-Identifier: MIT
 *
 * Build-time program: prints what the table of fields says as JSON Schema or
 * as reference page.
 *   config-docs schema > config/penstock.schema.json
 *   config-docs reference docs/config.in.md > docs/config.md */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config-fields.h"

static GString *out;

/* --- schema: JSON Schema 2020-12 ----------------------------------------------- */

/* Written by hand: a stable order and shape that diffs well. */
static void line (guint depth, const gchar *format, ...) G_GNUC_PRINTF (2, 3);

static void
line (guint depth, const gchar *format, ...)
{
  va_list args;

  if (out->len > 0)
    g_string_append_c (out, '\n');
  for (guint i = 0; i < depth; i++)
    g_string_append (out, "  ");
  va_start (args, format);
  g_string_append_vprintf (out, format, args);
  va_end (args);
}

static gchar *
quote (const gchar *text)
{
  GString *quoted = g_string_new ("\"");

  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_c (quoted, '\\');
    g_string_append_c (quoted, *text);
  }
  g_string_append_c (quoted, '"');
  return g_string_free (quoted, FALSE);
}

static gchar *
value_names (const PenstockFieldValue *values)
{
  GString *names = g_string_new (NULL);

  for (const PenstockFieldValue *value = values; value->name; value++)
    g_string_append_printf (
        names, "%s\"%s\"", value == values ? "" : ", ", value->name);
  return g_string_free (names, FALSE);
}

static void schema_object (guint depth, const gchar *parent, gint kind);
static void schema_kinds (guint depth, const gchar *parent);

static void
schema_scalar (guint depth, const PenstockField *field)
{
  g_autofree gchar *names = field->values ? value_names (field->values) : NULL;

  switch (field->type) {
  case PENSTOCK_FIELD_BOOLEAN:
    line (depth, "\"type\": \"boolean\"");
    break;
  case PENSTOCK_FIELD_UINT:
  case PENSTOCK_FIELD_UINT64:
    line (depth, "\"type\": \"integer\",");
    line (depth, "\"minimum\": %" G_GUINT64_FORMAT ",", field->min);
    line (depth, "\"maximum\": %" G_GUINT64_FORMAT, field->max);
    if (field->step) {
      g_string_append_c (out, ',');
      line (depth, "\"multipleOf\": %" G_GUINT64_FORMAT, field->step);
    }
    break;
  case PENSTOCK_FIELD_ENUM:
  case PENSTOCK_FIELD_CHOICE:
    line (depth, "\"enum\": [%s]", names);
    break;
  case PENSTOCK_FIELD_URL:
    line (depth, "\"type\": \"string\",");
    line (depth, "\"pattern\": \"^%s%s://\"", field->scheme,
        field->tls_scheme ? "s?" : "");
    break;
  case PENSTOCK_FIELD_ADDRESS:
    line (depth, "\"type\": \"string\",");
    line (depth,
        "\"pattern\": \"^(\\\\[[0-9A-Fa-f:.]+\\\\]|[0-9.]*):"
        "[0-9]{1,5}$\"");
    break;
  case PENSTOCK_FIELD_NOTE:
    line (depth, "\"type\": \"string\"");
    break;
  default:
    line (depth, "\"type\": \"string\",");
    line (depth, "\"minLength\": 1");
  }
}

static void
schema_field (guint depth, const PenstockField *field)
{
  g_autofree gchar *key = quote (penstock_field_key (field));
  g_autofree gchar *help = quote (field->help);
  g_autofree gchar *item = g_strconcat (field->path, "/*", NULL);

  line (depth, "%s: {", key);
  line (depth + 1, "\"description\": %s,", help);
  if (field->fallback)
    line (depth + 1, "\"default\": %s,", field->fallback);
  switch (field->type) {
  case PENSTOCK_FIELD_OBJECT:
    if (penstock_field_find_kind (field->path))
      schema_kinds (depth + 1, field->path);
    else
      schema_object (depth + 1, field->path, -1);
    break;
  case PENSTOCK_FIELD_MAP:
    line (depth + 1, "\"type\": \"object\",");
    line (depth + 1, "\"maxProperties\": %" G_GUINT64_FORMAT ",", field->max);
    line (depth + 1, "\"additionalProperties\": {");
    schema_object (depth + 2, item, -1);
    line (depth + 1, "}");
    break;
  case PENSTOCK_FIELD_LIST:
    line (depth + 1, "\"type\": \"array\",");
    line (depth + 1, "\"minItems\": 1,");
    line (depth + 1, "\"items\": {");
    schema_kinds (depth + 2, item);
    line (depth + 1, "}");
    break;
  default:
    schema_scalar (depth + 1, field);
  }
  line (depth, "}");
}

/* `type` of an object of one kind. */
static void
schema_kind_constant (guint depth, const PenstockField *kinds, gint kind)
{
  for (const PenstockFieldValue *value = kinds->values; value->name; value++) {
    if (value->value != kind)
      continue;
    g_autofree gchar *help = quote (value->help);
    line (depth, "\"type\": {");
    line (depth + 1, "\"description\": %s,", help);
    line (depth + 1, "\"const\": \"%s\"", value->name);
    line (depth, "}");
  }
}

static void
schema_required (guint depth, const gchar *parent, gint kind)
{
  g_autoptr (GString) names = g_string_new (NULL);
  guint n_fields;
  const PenstockField *fields = penstock_config_fields (&n_fields);

  for (guint i = 0; i < n_fields; i++)
    if (fields[i].required && penstock_field_is_in (&fields[i], parent) &&
        penstock_field_has_kind (&fields[i], kind))
      g_string_append_printf (names, "%s\"%s\"", names->len ? ", " : "",
          penstock_field_key (&fields[i]));
  if (names->len > 0)
    line (depth, "\"required\": [%s],", names->str);
}

static void
schema_object (guint depth, const gchar *parent, gint kind)
{
  guint n_fields;
  const PenstockField *fields = penstock_config_fields (&n_fields);
  gboolean first = TRUE;

  line (depth, "\"type\": \"object\",");
  schema_required (depth, parent, kind);
  line (depth, "\"additionalProperties\": false,");
  line (depth, "\"properties\": {");
  for (guint i = 0; i < n_fields; i++) {
    if (!penstock_field_is_in (&fields[i], parent) ||
        !penstock_field_has_kind (&fields[i], kind))
      continue;
    if (!first)
      g_string_append_c (out, ',');
    first = FALSE;
    if (fields[i].type == PENSTOCK_FIELD_KIND)
      schema_kind_constant (depth + 1, &fields[i], kind);
    else
      schema_field (depth + 1, &fields[i]);
  }
  line (depth, "}");
}

/* A short form, or an object of one of the kinds. */
static void
schema_kinds (guint depth, const gchar *parent)
{
  const PenstockField *kinds = penstock_field_find_kind (parent);
  g_autoptr (GString) words = g_string_new (NULL);
  guint n_forms;
  const PenstockShortForm *forms = penstock_config_short_forms (&n_forms);

  line (depth, "\"oneOf\": [");
  for (guint i = 0; i < n_forms; i++)
    if (g_str_equal (forms[i].path, parent) && !forms[i].key)
      g_string_append_printf (
          words, "%s\"%s\"", words->len ? ", " : "", forms[i].text);
  line (depth + 1, "{ \"enum\": [%s] }", words->str);
  for (guint i = 0; i < n_forms; i++) {
    if (!g_str_equal (forms[i].path, parent) || !forms[i].key)
      continue;
    g_string_append_c (out, ',');
    line (depth + 1, "{ \"type\": \"string\", \"pattern\": \"^%s.\" }",
        forms[i].text);
  }
  for (const PenstockFieldValue *value = kinds->values; value->name; value++) {
    g_string_append_c (out, ',');
    line (depth + 1, "{");
    schema_object (depth + 2, parent, value->value);
    line (depth + 1, "}");
  }
  line (depth, "]");
}

static void
print_schema (void)
{
  line (0, "{");
  line (1, "\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",");
  line (1, "\"title\": \"Penstock route map\",");
  schema_object (1, "", -1);
  line (0, "}");
}

/* --- reference: Markdown --------------------------------------------------------- */

static const gchar *
type_of (const PenstockField *field)
{
  switch (field->type) {
  case PENSTOCK_FIELD_OBJECT:
    return penstock_field_find_kind (field->path) ? "string or object"
                                                  : "object";
  case PENSTOCK_FIELD_MAP:
    return "object";
  case PENSTOCK_FIELD_LIST:
    return "array";
  case PENSTOCK_FIELD_BOOLEAN:
    return "boolean";
  case PENSTOCK_FIELD_UINT:
  case PENSTOCK_FIELD_UINT64:
    return "integer";
  case PENSTOCK_FIELD_ADDRESS:
    return "address";
  case PENSTOCK_FIELD_URL:
    return "URL";
  case PENSTOCK_FIELD_PATH:
  case PENSTOCK_FIELD_SECRET_FILE:
    return "file name";
  default:
    return "string";
  }
}

/* Range, names of values, unit. */
static void
describe_type (const PenstockField *field)
{
  g_string_append (out, type_of (field));
  if (field->type == PENSTOCK_FIELD_UINT ||
      field->type == PENSTOCK_FIELD_UINT64) {
    g_string_append_printf (out,
        ", %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, field->min,
        field->max);
    if (field->unit)
      g_string_append_printf (out, " %s", field->unit);
    if (field->step == 2)
      g_string_append (out, ", even");
  }
  if (field->type == PENSTOCK_FIELD_SECRET)
    g_string_append (out, ", secret");
}

static void
append_values (const PenstockField *field)
{
  const gchar *separator = " Values: ";

  if (!field->values || field->type == PENSTOCK_FIELD_KIND)
    return;
  for (const PenstockFieldValue *value = field->values; value->name; value++) {
    g_string_append_printf (out, "%s`%s`", separator, value->name);
    if (value->help)
      g_string_append_printf (out, " (%s)", value->help);
    separator = ", ";
  }
  g_string_append_c (out, '.');
}

static void
reference_row (const PenstockField *field)
{
  g_autofree gchar *variable = penstock_field_dup_env (field);

  g_string_append_printf (out, "| `%s` | ", penstock_field_key (field));
  describe_type (field);
  g_string_append (out, " | ");
  if (field->fallback)
    g_string_append_printf (out, "`%s`", field->fallback);
  else
    g_string_append (out, field->required ? "required" : "");
  g_string_append_printf (out, " | %s", field->help);
  append_values (field);
  if (field->example)
    g_string_append_printf (out, " Example: `%s`.", field->example);
  if (variable)
    g_string_append_printf (out, " Variable: `%s`.", variable);
  g_string_append (out, " |\n");
}

/* The table of an object; without rows of other kinds. FALSE: no rows. */
static gboolean
reference_table (const gchar *parent, gint kind)
{
  guint n_fields;
  const PenstockField *fields = penstock_config_fields (&n_fields);
  gboolean any = FALSE;

  for (guint i = 0; i < n_fields; i++) {
    if (!penstock_field_is_in (&fields[i], parent) ||
        !penstock_field_has_kind (&fields[i], kind) ||
        fields[i].type == PENSTOCK_FIELD_KIND)
      continue;
    if (!any)
      g_string_append (out,
          "| Key | Type | Default | Meaning |\n"
          "|---|---|---|---|\n");
    any = TRUE;
    reference_row (&fields[i]);
  }
  return any;
}

/* One heading for each kind, with its keys. */
static void
reference_kinds (const gchar *parent, const gchar *noun)
{
  const PenstockField *kinds = penstock_field_find_kind (parent);

  for (const PenstockFieldValue *value = kinds->values; value->name; value++) {
    g_string_append_printf (
        out, "### %s `%s`\n\n%s\n\n", noun, value->name, value->help);
    if (reference_table (parent, value->value))
      g_string_append_c (out, '\n');
    else
      g_string_append (out, "It has no keys besides `type`.\n\n");
  }
}

/* `{{table PATH}}` and `{{kinds PATH NOUN}}` stand for what the table says. */
static gboolean
reference_directive (const gchar *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", 3);
  guint n = g_strv_length (words);

  if (n >= 2 && g_str_equal (words[0], "table"))
    return reference_table (g_str_equal (words[1], "/") ? "" : words[1], -1);
  if (n == 3 && g_str_equal (words[0], "kinds") &&
      penstock_field_find_kind (words[1])) {
    reference_kinds (words[1], words[2]);
    g_string_truncate (out, out->len - 1);
    return TRUE;
  }
  return FALSE;
}

static gboolean
print_reference (const gchar *template_name)
{
  g_autofree gchar *template = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_file_get_contents (template_name, &template, NULL, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return FALSE;
  }
  g_auto (GStrv) lines = g_strsplit (template, "\n", -1);
  for (gchar **text = lines; *text && (**text || text[1]); text++) {
    gsize length = strlen (*text);
    if (!g_str_has_prefix (*text, "{{") || !g_str_has_suffix (*text, "}}")) {
      g_string_append_printf (out, "%s\n", *text);
      continue;
    }
    g_autofree gchar *directive = g_strndup (*text + 2, length - 4);
    if (!reference_directive (directive)) {
      fprintf (stderr, "%s: wrong directive %s\n", template_name, *text);
      return FALSE;
    }
  }
  g_string_truncate (out, out->len - 1); /* puts() adds it */
  return TRUE;
}

int
main (int argc, char **argv)
{
  gboolean good = FALSE;

  out = g_string_new (NULL);
  if (argc == 2 && g_str_equal (argv[1], "schema")) {
    print_schema ();
    good = TRUE;
  } else if (argc == 3 && g_str_equal (argv[1], "reference")) {
    good = print_reference (argv[2]);
  } else {
    fprintf (stderr, "usage: config-docs schema | reference TEMPLATE\n");
  }
  if (good)
    puts (out->str);
  g_string_free (out, TRUE);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
