/* SPDX-License-Identifier: MIT
 *
 * Names of routes and the way from a path to its route. */

#include "route-table.h"

#include <string.h>

/* First segments under a route, or of the whole server, that the HTTP server
 * answers itself. A published name must not shadow or look like them. */
static const gchar *const reserved[] = { "api", "time", "metrics",
  "status.json", "assets", "rep", "ingest", "capture", "snapshot.jpg",
  "manifest.mpd" };
#define PLAYLIST_SUFFIX ".m3u8"

/* Besides control characters: what a URL path cannot carry unescaped. */
#define NAME_REFUSED " \"#%<>?\\^`{|}"

typedef struct {
  const PenstockRouteConfig *route;
  gchar **segments; /* without the final `**` */
  guint n_segments, n_literal;
  gboolean deep; /* ends in `**` */
} Template;

struct _PenstockRouteTable {
  GHashTable *exact;    /* name -> PenstockRouteConfig, both borrowed */
  GPtrArray *templates; /* of Template, most specific first */
};

/* --- names -------------------------------------------------------------- */

gchar *
penstock_route_path_normalize (const gchar *path)
{
  GString *out = g_string_new (NULL);

  while (*path) {
    gsize length = strcspn (path, "/");
    if (length > 0) {
      if (out->len > 0)
        g_string_append_c (out, '/');
      g_string_append_len (out, path, length);
    }
    path += length;
    path += strspn (path, "/");
  }
  return g_string_free (out, FALSE);
}

static gboolean
is_reserved (const gchar *segment)
{
  for (guint i = 0; i < G_N_ELEMENTS (reserved); i++)
    if (g_str_equal (segment, reserved[i]))
      return TRUE;
  return g_str_has_suffix (segment, PLAYLIST_SUFFIX);
}

static gboolean
is_wildcard (const gchar *segment)
{
  return g_str_equal (segment, "*") || g_str_equal (segment, "**");
}

static gchar *
check_text (const gchar *path)
{
  if (*path == '\0')
    return g_strdup ("is empty");
  if (strlen (path) > PENSTOCK_ROUTE_MAX_LENGTH)
    return g_strdup_printf (
        "is longer than %d bytes", PENSTOCK_ROUTE_MAX_LENGTH);
  if (!g_utf8_validate (path, -1, NULL))
    return g_strdup ("is not UTF-8");
  for (const gchar *p = path; *p; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return g_strdup ("has a control character");
  return NULL;
}

static gchar *
check_segments (gchar **segments)
{
  guint n = g_strv_length (segments);

  if (n > PENSTOCK_ROUTE_MAX_SEGMENTS)
    return g_strdup_printf ("has %u segments, at most %d are allowed", n,
        PENSTOCK_ROUTE_MAX_SEGMENTS);
  for (guint i = 0; i < n; i++) {
    if (g_str_equal (segments[i], ".") || g_str_equal (segments[i], ".."))
      return g_strdup_printf ("has a \"%s\" segment", segments[i]);
    if (is_reserved (segments[i]))
      return g_strdup_printf (
          "has the segment \"%s\", which is reserved", segments[i]);
  }
  return NULL;
}

gchar *
penstock_route_path_check (const gchar *path)
{
  gchar *problem = check_text (path);

  if (problem)
    return problem;
  g_auto (GStrv) segments = g_strsplit (path, "/", -1);
  for (gchar **segment = segments; *segment; segment++)
    if (is_wildcard (*segment))
      return g_strdup ("has a wildcard segment");
  return check_segments (segments);
}

static gchar *
check_wildcards (gchar **segments)
{
  for (gchar **segment = segments; *segment; segment++) {
    if (strchr (*segment, '*') && !is_wildcard (*segment))
      return g_strdup ("has \"*\" inside a segment; \"*\" stands for a whole "
                       "segment");
    if (g_str_equal (*segment, "**") && segment[1])
      return g_strdup ("has \"**\" before its end; only the last segment can "
                       "be \"**\"");
  }
  return NULL;
}

gchar *
penstock_route_name_check (const gchar *name)
{
  gchar *problem = check_text (name);

  if (problem)
    return problem;
  const gchar *bad = strpbrk (name, NAME_REFUSED);
  if (bad)
    return g_strdup_printf (
        "has \"%c\", which a URL cannot carry unescaped", *bad);
  g_auto (GStrv) segments = g_strsplit (name, "/", -1);
  problem = check_wildcards (segments);
  return problem ? problem : check_segments (segments);
}

gboolean
penstock_route_name_is_template (const gchar *name)
{
  return strchr (name, '*') != NULL;
}

/* --- templates ----------------------------------------------------------- */

static Template *
template_new (const gchar *name, const PenstockRouteConfig *route)
{
  Template *self = g_new0 (Template, 1);

  self->route = route;
  self->segments = g_strsplit (name, "/", -1);
  self->n_segments = g_strv_length (self->segments);
  if (g_str_equal (self->segments[self->n_segments - 1], "**")) {
    self->deep = TRUE;
    g_clear_pointer (&self->segments[--self->n_segments], g_free);
  }
  for (guint i = 0; i < self->n_segments; i++)
    self->n_literal += !g_str_equal (self->segments[i], "*");
  return self;
}

static void
template_free (Template *self)
{
  g_strfreev (self->segments);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Template, template_free)

/* < 0: @a is more specific. Among equals in literals and `**`, the one with
 * more `*` says more about the path. */
static gint
compare_rank (const Template *a, const Template *b)
{
  if (a->n_literal != b->n_literal)
    return a->n_literal > b->n_literal ? -1 : 1;
  if (a->deep != b->deep)
    return a->deep ? 1 : -1;
  if (a->n_segments != b->n_segments)
    return a->n_segments > b->n_segments ? -1 : 1;
  return 0;
}

static gboolean
segment_matches (const gchar *pattern, const gchar *segment)
{
  return g_str_equal (pattern, "*") || g_str_equal (pattern, segment);
}

static gboolean
template_matches (const Template *self, gchar **segments, guint n_segments)
{
  if (self->deep ? n_segments <= self->n_segments
                 : n_segments != self->n_segments)
    return FALSE;
  for (guint i = 0; i < self->n_segments; i++)
    if (!segment_matches (self->segments[i], segments[i]))
      return FALSE;
  return TRUE;
}

gboolean
penstock_route_templates_tie (const gchar *a, const gchar *b)
{
  g_autoptr (Template) one = template_new (a, NULL);
  g_autoptr (Template) two = template_new (b, NULL);

  if (compare_rank (one, two) != 0)
    return FALSE;
  for (guint i = 0; i < one->n_segments; i++)
    if (!segment_matches (one->segments[i], two->segments[i]) &&
        !g_str_equal (two->segments[i], "*"))
      return FALSE;
  return TRUE;
}

/* --- table ---------------------------------------------------------------- */

static gint
compare_templates (gconstpointer a, gconstpointer b)
{
  return compare_rank (*(Template *const *) a, *(Template *const *) b);
}

PenstockRouteTable *
penstock_route_table_new (const GPtrArray *routes)
{
  PenstockRouteTable *table = g_new0 (PenstockRouteTable, 1);

  table->exact = g_hash_table_new (g_str_hash, g_str_equal);
  table->templates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) template_free);
  for (guint i = 0; i < routes->len; i++) {
    PenstockRouteConfig *route = g_ptr_array_index (routes, i);
    if (route->is_template)
      g_ptr_array_add (table->templates, template_new (route->name, route));
    else
      g_hash_table_insert (table->exact, route->name, route);
  }
  g_ptr_array_sort (table->templates, compare_templates);
  return table;
}

void
penstock_route_table_free (PenstockRouteTable *table)
{
  if (!table)
    return;
  g_hash_table_unref (table->exact);
  g_ptr_array_unref (table->templates);
  g_free (table);
}

const PenstockRouteConfig *
penstock_route_table_match (const PenstockRouteTable *table, const gchar *path)
{
  g_autofree gchar *name = penstock_route_path_normalize (path);
  g_autofree gchar *problem = penstock_route_path_check (name);

  if (problem)
    return NULL;
  const PenstockRouteConfig *route = g_hash_table_lookup (table->exact, name);
  if (route)
    return route;
  g_auto (GStrv) segments = g_strsplit (name, "/", -1);
  guint n_segments = g_strv_length (segments);
  for (guint i = 0; i < table->templates->len; i++) {
    const Template *candidate = g_ptr_array_index (table->templates, i);
    if (template_matches (candidate, segments, n_segments))
      return candidate->route;
  }
  return NULL;
}
