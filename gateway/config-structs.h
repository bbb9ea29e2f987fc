/* SPDX-License-Identifier: MIT
 *
 * Defaults, release and comparison of the structs in config-types.h, by the
 * table of fields. @parent is the path of the object as in the table: "",
 * "/routes/" + "*", ... Pure. */
#ifndef PENSTOCK_CONFIG_STRUCTS_H
#define PENSTOCK_CONFIG_STRUCTS_H

#include "config-types.h"

G_BEGIN_DECLS

/* Sets the fields of @object, which is zeroed, and of the objects in it to
 * their defaults. @kind: its kind, < 0 = not known or none: only the fields
 * that all kinds have. An inner object with kinds is left for its own call. */
void penstock_fields_set_defaults (
    gpointer object, const gchar *parent, gint kind);

/* Frees what the members hold, not the struct. */
void penstock_fields_clear (gpointer object, const gchar *parent);

/* TRUE when both say the same: what a reload need not touch. */
gboolean penstock_fields_equal (
    gconstpointer a, gconstpointer b, const gchar *parent);

void penstock_output_config_free (gpointer output);
void penstock_route_config_free (gpointer route);

PenstockConfigData *penstock_config_data_new (void);
void penstock_config_data_free (PenstockConfigData *data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockConfigData, penstock_config_data_free)

/* TRUE when a reload may leave the route alone. */
gboolean penstock_route_config_equal (
    const PenstockRouteConfig *a, const PenstockRouteConfig *b);

/* TRUE when a reload may leave its input alone: all but outputs and cache. */
gboolean penstock_route_config_same_input (
    const PenstockRouteConfig *a, const PenstockRouteConfig *b);

/* TRUE when a reload may leave its GOP cache alone. */
gboolean penstock_route_config_same_cache (
    const PenstockRouteConfig *a, const PenstockRouteConfig *b);

gboolean penstock_output_config_equal (
    const PenstockOutputConfig *a, const PenstockOutputConfig *b);

gboolean penstock_listen_address_equal (
    const PenstockListenAddress *a, const PenstockListenAddress *b);

G_END_DECLS

#endif /* PENSTOCK_CONFIG_STRUCTS_H */
