/* SPDX-License-Identifier: MIT
 *
 * The walk through a route map along the table of fields. */

#include "config-parse.h"

#include <string.h>

#include "config-structs.h"
#include "config-suggest.h"
#include "penstock-error.h"
#include "route-table.h"

/* Characters of a JSON pointer that a message shows. */
#define POINTER_MAX 200

/* A message and the byte it is about. */
typedef struct {
  gsize offset; /* G_MAXSIZE: none */
  gchar *pointer;
  gchar *text;
} Problem;

static void
problem_free (Problem *problem)
{
  g_free (problem->pointer);
  g_free (problem->text);
  g_free (problem);
}

/* --- telling --------------------------------------------------------------- */

static void G_GNUC_PRINTF (4, 0) add (GPtrArray *list, gsize offset,
    gchar *pointer, const gchar *format, va_list args)
{
  Problem *problem = g_new (Problem, 1);

  *problem = (Problem){ offset, pointer, g_strdup_vprintf (format, args) };
  g_ptr_array_add (list, problem);
}

void
penstock_config_problem (PenstockConfigParse *self,
    const PenstockJsonNode *node, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  add (self->problems, node->offset, penstock_json_node_pointer (node), format,
      args);
  va_end (args);
}

void
penstock_config_key_problem (PenstockConfigParse *self,
    const PenstockJsonNode *node, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  add (self->problems, node->key_offset, penstock_json_node_pointer (node),
      format, args);
  va_end (args);
}

void
penstock_config_warning (PenstockConfigParse *self,
    const PenstockJsonNode *node, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  add (self->warnings, node->offset, penstock_json_node_pointer (node), format,
      args);
  va_end (args);
}

void
penstock_config_general_problem (
    PenstockConfigParse *self, const gchar *subject, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  add (self->problems, G_MAXSIZE, g_strdup (subject), format, args);
  va_end (args);
}

static gint
compare_problems (gconstpointer a, gconstpointer b)
{
  const Problem *one = *(Problem *const *) a, *two = *(Problem *const *) b;

  return one->offset < two->offset ? -1 : one->offset > two->offset;
}

/* Keys may be anything: one line, of bounded length. */
static void
append_pointer (GString *out, const gchar *pointer)
{
  guint n = 0;

  for (; *pointer && n < POINTER_MAX; pointer = g_utf8_next_char (pointer)) {
    gunichar c = g_utf8_get_char (pointer);
    if (g_unichar_iscntrl (c))
      g_string_append_printf (out, "\\u%04x", c);
    else
      g_string_append_unichar (out, c);
    n++;
  }
  g_string_append (out, *pointer ? "...: " : ": ");
}

/* FILE:LINE:COLUMN: POINTER: TEXT, one a line, in the order of the file. */
static gchar *
problems_to_text (const PenstockConfigParse *self, GPtrArray *problems)
{
  GString *out = g_string_new (NULL);
  guint shown = MIN (problems->len, PENSTOCK_CONFIG_MAX_PROBLEMS);

  g_ptr_array_sort (problems, compare_problems);
  for (guint i = 0; i < shown; i++) {
    const Problem *problem = g_ptr_array_index (problems, i);
    guint line, column;
    if (i > 0)
      g_string_append_c (out, '\n');
    if (problem->offset != G_MAXSIZE) {
      penstock_json_locate (self->json, problem->offset, &line, &column);
      if (self->filename)
        g_string_append_printf (out, "%s:", self->filename);
      g_string_append_printf (out, "%u:%u: ", line, column);
    }
    if (*problem->pointer)
      append_pointer (out, problem->pointer);
    g_string_append (out, problem->text);
  }
  if (problems->len > shown)
    g_string_append_printf (
        out, "\n... and %u more problems", problems->len - shown);
  return g_string_free (out, FALSE);
}

/* --- objects ---------------------------------------------------------------- */

static void parse_object (PenstockConfigParse *self,
    const PenstockJsonNode *node, const gchar *path, gint kind,
    gpointer object);

/* The keys an object of this kind knows. */
static GPtrArray *
known_keys (const gchar *parent, gint kind)
{
  GPtrArray *keys = g_ptr_array_new ();
  guint n_fields;
  const PenstockField *fields = penstock_config_fields (&n_fields);

  for (guint i = 0; i < n_fields; i++)
    if (penstock_field_is_in (&fields[i], parent) &&
        penstock_field_has_kind (&fields[i], kind))
      g_ptr_array_add (keys, (gpointer) penstock_field_key (&fields[i]));
  g_ptr_array_add (keys, NULL);
  return keys;
}

/* A key that objects of other kinds have. */
static gboolean
tell_other_kind (PenstockConfigParse *self, const PenstockJsonNode *node,
    const gchar *parent, gint kind)
{
  const PenstockField *other = penstock_field_find (parent, node->key, -1);
  const PenstockField *kinds = penstock_field_find_kind (parent);

  if (!other || !kinds)
    return FALSE;
  g_autoptr (GString) names = g_string_new (NULL);
  for (const PenstockFieldValue *value = kinds->values; value->name; value++)
    if (penstock_field_find (parent, node->key, value->value))
      g_string_append_printf (
          names, "%s\"%s\"", names->len ? " and " : "", value->name);
  penstock_config_key_problem (self, node,
      "belongs to type %s, not to type \"%s\"", names->str,
      penstock_field_value_name (kinds->values, kind));
  return TRUE;
}

static void
tell_unknown_key (PenstockConfigParse *self, const PenstockJsonNode *node,
    const gchar *parent, gint kind)
{
  const gchar *what = penstock_config_unsupported (parent, node->key, NULL);

  if (what) {
    penstock_config_key_problem (
        self, node, "unknown key: %s is not supported by this version", what);
    return;
  }
  if (tell_other_kind (self, node, parent, kind))
    return;
  g_autoptr (GPtrArray) keys = known_keys (parent, kind);
  g_autofree gchar *hint =
      penstock_config_dup_hint (node->key, (const gchar *const *) keys->pdata);
  penstock_config_key_problem (self, node, "unknown key%s", hint ? hint : "");
}

/* --- inputs and outputs ------------------------------------------------------ */

static void
tell_bad_short_form (
    PenstockConfigParse *self, const gchar *path, const PenstockJsonNode *node)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autoptr (GString) expected = g_string_new (NULL);
  guint n_forms;
  const PenstockShortForm *forms = penstock_config_short_forms (&n_forms);

  for (guint i = 0; i < n_forms; i++) {
    if (!g_str_equal (forms[i].path, path))
      continue;
    if (!forms[i].key)
      g_ptr_array_add (words, (gpointer) forms[i].text);
    g_string_append_printf (expected, "%s\"%s%s\"", expected->len ? ", " : "",
        forms[i].text, forms[i].key ? "..." : "");
  }
  g_ptr_array_add (words, NULL);
  g_autofree gchar *found =
      penstock_json_quote (node->text, PENSTOCK_JSON_QUOTE_SHORT);
  g_autofree gchar *hint = penstock_config_dup_hint (
      node->text, (const gchar *const *) words->pdata);
  /* What looks like an address may hold a password. */
  if (strpbrk (node->text, ":@?/"))
    g_clear_pointer (&found, g_free);
  penstock_config_problem (self, node, "expected %s or an object, found %s%s",
      expected->str, found ? found : "another string", hint ? hint : "");
}

static gboolean
tell_unsupported_value (
    PenstockConfigParse *self, const gchar *path, const PenstockJsonNode *node)
{
  const gchar *what = penstock_config_unsupported (path, "type", node->text);
  const gchar *scheme_end = strstr (node->text, "://");

  if (!what && scheme_end) {
    g_autofree gchar *scheme =
        g_strndup (node->text, scheme_end + 3 - node->text);
    what = penstock_config_unsupported (path, "", scheme);
  }
  if (!what)
    return FALSE;
  penstock_config_problem (
      self, node, "%s is not supported by this version", what);
  return TRUE;
}

static gboolean
parse_short_form (PenstockConfigParse *self, const gchar *path,
    const PenstockJsonNode *node, gpointer object)
{
  const PenstockField *kinds = penstock_field_find_kind (path);
  guint n_forms;
  const PenstockShortForm *forms = penstock_config_short_forms (&n_forms);

  for (guint i = 0; i < n_forms; i++) {
    const PenstockShortForm *form = &forms[i];
    if (!g_str_equal (form->path, path) ||
        (form->key ? !g_str_has_prefix (node->text, form->text)
                   : !g_str_equal (node->text, form->text)))
      continue;
    G_STRUCT_MEMBER (gint, object, kinds->offset) = form->kind;
    penstock_fields_set_defaults (object, path, form->kind);
    if (form->key)
      penstock_config_parse_text (self,
          penstock_field_find (path, form->key, form->kind), node,
          node->text + (form->strip ? strlen (form->text) : 0), object);
    return TRUE;
  }
  if (!tell_unsupported_value (self, path, node))
    tell_bad_short_form (self, path, node);
  return FALSE;
}

/* The value of `type`, or NULL. */
static const PenstockFieldValue *
parse_kind (PenstockConfigParse *self, const PenstockField *field,
    const PenstockJsonNode *node)
{
  const gchar *key = penstock_field_key (field);
  const PenstockJsonNode *member = penstock_json_member (node, key);
  const PenstockFieldValue *value = NULL;

  if (!member) {
    g_autofree gchar *names = penstock_field_values_dup_list (field->values);
    penstock_config_problem (self, node, "missing \"%s\": %s", key, names);
    return NULL;
  }
  if (member->type == PENSTOCK_JSON_STRING)
    value = penstock_field_value_by_name (field->values, member->text);
  if (value)
    return value;
  g_autofree gchar *path =
      g_strndup (field->path, strlen (field->path) - strlen (key) - 1);
  if (member->type != PENSTOCK_JSON_STRING ||
      !tell_unsupported_value (self, path, member))
    penstock_config_unexpected (self, field, member, NULL);
  return NULL;
}

static gboolean
parse_long_form (PenstockConfigParse *self, const PenstockField *kinds,
    const gchar *path, const PenstockJsonNode *node, gpointer object)
{
  if (node->type != PENSTOCK_JSON_OBJECT) {
    penstock_config_unexpected_type (self, "a string or an object", node);
    return FALSE;
  }
  const PenstockFieldValue *value = parse_kind (self, kinds, node);
  if (!value)
    return FALSE;
  G_STRUCT_MEMBER (gint, object, kinds->offset) = value->value;
  penstock_fields_set_defaults (object, path, value->value);
  parse_object (self, node, path, value->value, object);
  return TRUE;
}

/* An object whose `type` says what is in it, or its short form. FALSE when it
 * is not known what it is; only then it has no origin. */
static gboolean
parse_kinded (PenstockConfigParse *self, const PenstockField *kinds,
    const gchar *path, const PenstockJsonNode *node, gpointer object)
{
  gboolean known = node->type == PENSTOCK_JSON_STRING
      ? parse_short_form (self, path, node, object)
      : parse_long_form (self, kinds, path, node, object);

  if (known)
    g_hash_table_insert (self->origins, object, (gpointer) node);
  return known;
}

/* --- lists and maps ----------------------------------------------------------- */

static void
parse_list (PenstockConfigParse *self, const PenstockField *field,
    const PenstockJsonNode *node, gpointer object)
{
  GPtrArray *items = G_STRUCT_MEMBER (GPtrArray *, object, field->offset);
  g_autofree gchar *path = g_strconcat (field->path, "/*", NULL);
  const PenstockField *kinds = penstock_field_find_kind (path);

  if (node->type != PENSTOCK_JSON_ARRAY || !node->first) {
    penstock_config_unexpected (self, field, node, NULL);
    return;
  }
  for (const PenstockJsonNode *child = node->first; child;
       child = child->next) {
    gpointer item = g_malloc0 (field->item_size);
    if (parse_kinded (self, kinds, path, child, item))
      g_ptr_array_add (items, item);
    else
      field->item_free (item);
  }
}

/* The checked name of a route, or NULL. @names: name → node of the first. */
static gchar *
parse_route_name (
    PenstockConfigParse *self, const PenstockJsonNode *node, GHashTable *names)
{
  g_autofree gchar *name = penstock_route_path_normalize (node->key);
  g_autofree gchar *problem = penstock_route_name_check (name);
  const PenstockJsonNode *first = g_hash_table_lookup (names, name);

  if (problem) {
    penstock_config_key_problem (self, node, "the route's name %s", problem);
    return NULL;
  }
  if (first) {
    guint line, column;
    penstock_json_locate (self->json, first->key_offset, &line, &column);
    penstock_config_key_problem (self, node,
        "the same route as \"%s\" at %u:%u", first->key, line, column);
    return NULL;
  }
  g_hash_table_insert (names, g_strdup (name), (gpointer) node);
  return g_steal_pointer (&name);
}

static void
parse_routes (PenstockConfigParse *self, const PenstockField *field,
    const PenstockJsonNode *node)
{
  g_autoptr (GHashTable) names =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (node->type != PENSTOCK_JSON_OBJECT) {
    penstock_config_unexpected (self, field, node, NULL);
    return;
  }
  if (node->n_children == 0)
    penstock_config_warning (self, node, "no routes: nothing will be served");
  if (node->n_children > field->max) {
    penstock_config_problem (self, node, "%u routes, at most %u are allowed",
        node->n_children, (guint) field->max);
    return;
  }
  for (const PenstockJsonNode *child = node->first; child;
       child = child->next) {
    PenstockRouteConfig *route = g_malloc0 (field->item_size);
    route->name = parse_route_name (self, child, names);
    route->is_template =
        route->name && penstock_route_name_is_template (route->name);
    penstock_fields_set_defaults (route, "/routes/*", -1);
    g_hash_table_insert (self->origins, route, (gpointer) child);
    g_ptr_array_add (self->data->routes, route);
    if (child->type == PENSTOCK_JSON_OBJECT)
      parse_object (self, child, "/routes/*", -1, route);
    else
      penstock_config_unexpected_type (self, "an object", child);
  }
}

static void
parse_member (PenstockConfigParse *self, const PenstockField *field,
    const PenstockJsonNode *node, gpointer object)
{
  const PenstockField *kinds = NULL;
  gpointer inner = G_STRUCT_MEMBER_P (object, field->offset);

  switch (field->type) {
  case PENSTOCK_FIELD_OBJECT:
    kinds = penstock_field_find_kind (field->path);
    if (kinds)
      parse_kinded (self, kinds, field->path, node, inner);
    else if (node->type == PENSTOCK_JSON_OBJECT)
      parse_object (self, node, field->path, -1, inner);
    else
      penstock_config_unexpected (self, field, node, NULL);
    break;
  case PENSTOCK_FIELD_LIST:
    parse_list (self, field, node, object);
    break;
  case PENSTOCK_FIELD_MAP:
    parse_routes (self, field, node);
    break;
  case PENSTOCK_FIELD_KIND:
    break; /* read before the others */
  default:
    penstock_config_parse_value (self, field, node, object);
  }
}

static void
parse_object (PenstockConfigParse *self, const PenstockJsonNode *node,
    const gchar *path, gint kind, gpointer object)
{
  guint n_fields;
  const PenstockField *fields = penstock_config_fields (&n_fields);

  for (const PenstockJsonNode *child = node->first; child;
       child = child->next) {
    const PenstockField *field = penstock_field_find (path, child->key, kind);
    if (field)
      parse_member (self, field, child, object);
    else
      tell_unknown_key (self, child, path, kind);
  }
  for (guint i = 0; i < n_fields; i++) {
    const gchar *key = penstock_field_key (&fields[i]);
    if (fields[i].required && penstock_field_is_in (&fields[i], path) &&
        penstock_field_has_kind (&fields[i], kind) &&
        !penstock_json_member (node, key))
      penstock_config_problem (self, node, "missing \"%s\"", key);
  }
}

/* --- the whole ----------------------------------------------------------------- */

static void
parse_root (PenstockConfigParse *self)
{
  const PenstockJsonNode *root = penstock_json_get_root (self->json);

  if (root->type == PENSTOCK_JSON_OBJECT)
    parse_object (self, root, "", -1, self->data);
  else
    penstock_config_unexpected_type (self, "an object", root);
  penstock_config_parse_environment (self);
  penstock_config_check (self);
}

static PenstockJson *
parse_syntax (
    const gchar *text, gsize size, const gchar *filename, GError **error)
{
  PenstockJsonProblem problem;
  PenstockJson *json = penstock_json_parse (text, size, &problem);

  if (!json)
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG_SYNTAX,
        "%s%s%u:%u: %s", filename ? filename : "", filename ? ":" : "",
        problem.line, problem.column, problem.message);
  return json;
}

PenstockConfigData *
penstock_config_parse (const gchar *text, gsize size, const gchar *filename,
    const gchar *const *environment, gchar **warnings, GError **error)
{
  /* Messages are UTF-8, names of files may be anything. */
  g_autofree gchar *shown =
      filename ? g_filename_display_name (filename) : NULL;
  g_autoptr (PenstockJson) json = parse_syntax (text, size, shown, error);
  g_autoptr (PenstockConfigData) data = penstock_config_data_new ();
  g_autofree gchar *directory =
      filename ? g_path_get_dirname (filename) : g_strdup (".");
  g_autofree gchar *folder = g_canonicalize_filename (directory, NULL);
  g_autoptr (GPtrArray) problems =
      g_ptr_array_new_with_free_func ((GDestroyNotify) problem_free);
  g_autoptr (GPtrArray) suspicions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) problem_free);
  g_autoptr (GHashTable) origins = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) variables =
      g_hash_table_new_full (NULL, NULL, NULL, g_free);

  *warnings = NULL;
  if (!json)
    return NULL;
  data->filename = g_steal_pointer (&shown);
  PenstockConfigParse self = { json, data->filename, folder, environment, data,
    problems, suspicions, origins, variables };
  parse_root (&self);
  if (problems->len > 0) {
    g_autofree gchar *all = problems_to_text (&self, problems);
    g_set_error_literal (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG, all);
    return NULL;
  }
  if (suspicions->len > 0)
    *warnings = problems_to_text (&self, suspicions);
  return g_steal_pointer (&data);
}
