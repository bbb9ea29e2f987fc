/* SPDX-License-Identifier: MIT
 *
 * Addresses in a route map: where to listen, where to pull from. Pure. */
#ifndef PENSTOCK_CONFIG_URL_H
#define PENSTOCK_CONFIG_URL_H

#include "config-types.h"

G_BEGIN_DECLS

/**
 * penstock_listen_address_parse:
 * @text: "[::]:8554", "127.0.0.1:0", ":1935"
 * @out: set on success; owns its host
 * @hint: (out) (nullable) (transfer full): what might have been meant
 *
 * Only numeric addresses: a name could be several, or none tomorrow.
 */
gboolean penstock_listen_address_parse (const gchar *text,
    PenstockListenAddress *out, gchar **hint);

/* (transfer full): as the configuration writes it; "off" when not set. */
gchar *penstock_listen_address_to_string (
    const PenstockListenAddress *address);

/* TRUE when both cannot be listened on at once. */
gboolean penstock_listen_address_collides (const PenstockListenAddress *a,
    const PenstockListenAddress *b);

/**
 * penstock_config_url_split:
 * @text: scheme://[user[:password]@]host[:port][/path][?query]
 * @scheme: the scheme it must have
 * @url: (out) (transfer full): @text without user and password
 * @user: (out) (nullable) (transfer full): percent-decoded
 * @password: (out) (nullable) (transfer full): percent-decoded
 *
 * Returns: (nullable): %NULL, or what is wrong, without any part of @text
 */
const gchar *penstock_config_url_split (const gchar *text,
    const gchar *scheme, gchar **url, gchar **user, gchar **password);

G_END_DECLS

#endif /* PENSTOCK_CONFIG_URL_H */
