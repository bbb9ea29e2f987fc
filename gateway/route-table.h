/* SPDX-License-Identifier: MIT
 *
 * Names of routes: which are allowed, and which route a path belongs to. A `*`
 * segment of a name stands for any one segment, a final `**` for one or more.
 * Pure. */
#ifndef PENSTOCK_ROUTE_TABLE_H
#define PENSTOCK_ROUTE_TABLE_H

#include "config-types.h"

G_BEGIN_DECLS

#define PENSTOCK_ROUTE_MAX_LENGTH 1024 /* bytes of a path */
#define PENSTOCK_ROUTE_MAX_SEGMENTS 16

/**
 * penstock_route_path_normalize:
 * @path: a path, UTF-8 or not
 *
 * Returns: (transfer full): @path without leading, trailing and double slashes
 */
gchar *penstock_route_path_normalize (const gchar *path);

/**
 * penstock_route_path_check:
 * @path: a normalized path of a stream
 *
 * Whether a peer may use @path: length, segments, UTF-8, no control
 * characters, no "." or ".." or `*` segments, no segment that belongs to the
 * gateway's own pages (`api`, `manifest.mpd`, ...).
 *
 * Returns: (transfer full) (nullable): %NULL, or why not, to follow "the path"
 */
gchar *penstock_route_path_check (const gchar *path);

/**
 * penstock_route_name_check:
 * @name: a normalized name of a route in the configuration
 *
 * Like penstock_route_path_check(), but wildcards may stand where they mean
 * something, and characters that a URL cannot carry unescaped are refused.
 *
 * Returns: (transfer full) (nullable): %NULL, or why not
 */
gchar *penstock_route_name_check (const gchar *name);

/* TRUE when a checked name has a wildcard. */
gboolean penstock_route_name_is_template (const gchar *name);

/* TRUE when some path matches both templates and neither is more specific. */
gboolean penstock_route_templates_tie (const gchar *a, const gchar *b);

typedef struct _PenstockRouteTable PenstockRouteTable;

/**
 * penstock_route_table_new:
 * @routes: of PenstockRouteConfig with checked names; must outlive the table
 */
PenstockRouteTable *penstock_route_table_new (const GPtrArray *routes);
void penstock_route_table_free (PenstockRouteTable *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockRouteTable, penstock_route_table_free)

/**
 * penstock_route_table_match:
 * @table: a table
 * @path: what a peer asked for; normalized and checked here
 *
 * The route of exactly this name, else the most specific template: more
 * literal segments beat fewer, then `*` beats `**`.
 *
 * Returns: (transfer none) (nullable): the route, or %NULL when there is none
 *   or the path is not allowed
 */
const PenstockRouteConfig *penstock_route_table_match (
    const PenstockRouteTable *table, const gchar *path);

G_END_DECLS

#endif /* PENSTOCK_ROUTE_TABLE_H */
