/* SPDX-License-Identifier: MIT */
#ifndef PENSTOCK_CONFIG_H
#define PENSTOCK_CONFIG_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define PENSTOCK_TYPE_CONFIG (penstock_config_get_type ())
G_DECLARE_FINAL_TYPE (PenstockConfig, penstock_config, PENSTOCK, CONFIG, GObject)

/**
 * penstock_config_new_from_file:
 * @filename: path of a JSON route map
 * @error: return location for a #GError
 *
 * Reads and checks a route map; environment overrides apply. Relative paths in
 * it are relative to the file's folder.
 *
 * Returns: (transfer full): the configuration, or %NULL with
 *   %PENSTOCK_ERROR_IO, %PENSTOCK_ERROR_CONFIG_SYNTAX (the first error) or
 *   %PENSTOCK_ERROR_CONFIG (all errors, one a line)
 *
 * Since: 0.1
 */
PenstockConfig *penstock_config_new_from_file (const gchar *filename,
    GError **error);

/**
 * penstock_config_new_from_string:
 * @json: a JSON route map
 * @filename: (nullable): name for messages and folder of relative paths
 * @error: return location for a #GError
 *
 * Like penstock_config_new_from_file(), from memory.
 *
 * Returns: (transfer full): the configuration, or %NULL
 *
 * Since: 0.1
 */
PenstockConfig *penstock_config_new_from_string (const gchar *json,
    const gchar *filename, GError **error);

/**
 * penstock_config_dup_warnings:
 * @self: a configuration
 *
 * What is allowed but suspicious, as a media file that does not exist.
 *
 * Returns: (transfer full) (nullable): one warning a line, or %NULL
 *
 * Since: 0.1
 */
gchar *penstock_config_dup_warnings (PenstockConfig *self);

/**
 * penstock_config_describe:
 * @self: a configuration
 *
 * Listeners and routes as text for people, one a line, without secrets.
 *
 * Returns: (transfer full): the text
 *
 * Since: 0.1
 */
gchar *penstock_config_describe (PenstockConfig *self);

G_END_DECLS

#endif /* PENSTOCK_CONFIG_H */
