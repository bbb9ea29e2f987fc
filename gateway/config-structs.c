/* SPDX-License-Identifier: MIT
 *
 * The structs of a configuration, handled row by row of the table. */

#include "config-structs.h"

#include <string.h>

#include "config-fields.h"

#define MEMBER(type, object, field)                                            \
  G_STRUCT_MEMBER (type, object, (field)->offset)

static const gchar *
item_path (const PenstockField *field, gchar buffer[64])
{
  g_snprintf (buffer, 64, "%s/*", field->path);
  return buffer;
}

/* --- defaults ------------------------------------------------------------- */

/* `fallback` is JSON: a string stands in quotes. */
static gchar *
unquote (const gchar *json)
{
  return g_strndup (json + 1, strlen (json) - 2);
}

static void
set_default (gpointer object, const PenstockField *field)
{
  const gchar *text = field->fallback;
  g_autofree gchar *name = NULL;

  if (field->type == PENSTOCK_FIELD_MAP || field->type == PENSTOCK_FIELD_LIST) {
    MEMBER (GPtrArray *, object, field) =
        g_ptr_array_new_with_free_func (field->item_free);
    return;
  }
  if (!text)
    return;
  switch (field->type) {
  case PENSTOCK_FIELD_BOOLEAN:
    MEMBER (gboolean, object, field) = g_str_equal (text, "true");
    break;
  case PENSTOCK_FIELD_UINT:
    MEMBER (guint, object, field) = g_ascii_strtoull (text, NULL, 10);
    break;
  case PENSTOCK_FIELD_UINT64:
    MEMBER (guint64, object, field) = g_ascii_strtoull (text, NULL, 10);
    break;
  case PENSTOCK_FIELD_ENUM:
    name = unquote (text);
    MEMBER (gint, object, field) =
        penstock_field_value_by_name (field->values, name)->value;
    break;
  case PENSTOCK_FIELD_CHOICE:
    MEMBER (gchar *, object, field) = unquote (text);
    break;
  default:
    g_assert_not_reached (); /* the table gives no default to the others */
  }
}

void
penstock_fields_set_defaults (gpointer object, const gchar *parent, gint kind)
{
  guint n_fields;
  const PenstockField *fields = penstock_config_fields (&n_fields);

  for (guint i = 0; i < n_fields; i++) {
    const PenstockField *field = &fields[i];
    if (!penstock_field_is_in (field, parent))
      continue;
    if (field->kinds && (kind < 0 || !penstock_field_has_kind (field, kind)))
      continue;
    if (field->type != PENSTOCK_FIELD_OBJECT)
      set_default (object, field);
    else if (!penstock_field_find_kind (field->path))
      penstock_fields_set_defaults (
          G_STRUCT_MEMBER_P (object, field->offset), field->path, -1);
  }
}

/* --- release -------------------------------------------------------------- */

static void
clear_field (gpointer object, const PenstockField *field)
{
  switch (field->type) {
  case PENSTOCK_FIELD_OBJECT:
    penstock_fields_clear (
        G_STRUCT_MEMBER_P (object, field->offset), field->path);
    break;
  case PENSTOCK_FIELD_MAP:
  case PENSTOCK_FIELD_LIST:
    g_clear_pointer (&MEMBER (GPtrArray *, object, field), g_ptr_array_unref);
    break;
  case PENSTOCK_FIELD_CHOICE:
  case PENSTOCK_FIELD_STRING:
  case PENSTOCK_FIELD_PATH:
  case PENSTOCK_FIELD_URL:
  case PENSTOCK_FIELD_SECRET:
  case PENSTOCK_FIELD_SECRET_FILE:
    /* Rows may share a member: the second finds NULL. */
    g_clear_pointer (&MEMBER (gchar *, object, field), g_free);
    break;
  case PENSTOCK_FIELD_ADDRESS:
    g_clear_pointer (
        &MEMBER (PenstockListenAddress, object, field).host, g_free);
    break;
  case PENSTOCK_FIELD_KIND:
  case PENSTOCK_FIELD_BOOLEAN:
  case PENSTOCK_FIELD_UINT:
  case PENSTOCK_FIELD_UINT64:
  case PENSTOCK_FIELD_ENUM:
  case PENSTOCK_FIELD_NOTE:
    break;
  }
}

void
penstock_fields_clear (gpointer object, const gchar *parent)
{
  guint n_fields;
  const PenstockField *fields = penstock_config_fields (&n_fields);

  for (guint i = 0; i < n_fields; i++)
    if (penstock_field_is_in (&fields[i], parent))
      clear_field (object, &fields[i]);
}

void
penstock_output_config_free (gpointer output)
{
  if (!output)
    return;
  penstock_fields_clear (output, "/routes/*/outputs/*");
  g_free (output);
}

void
penstock_route_config_free (gpointer route)
{
  if (!route)
    return;
  penstock_fields_clear (route, "/routes/*");
  g_free (((PenstockRouteConfig *) route)->name);
  g_free (route);
}

PenstockConfigData *
penstock_config_data_new (void)
{
  PenstockConfigData *data = g_new0 (PenstockConfigData, 1);

  penstock_fields_set_defaults (data, "", -1);
  return data;
}

void
penstock_config_data_free (PenstockConfigData *data)
{
  if (!data)
    return;
  penstock_fields_clear (data, "");
  g_free (data->filename);
  g_free (data);
}

/* --- comparison ------------------------------------------------------------ */

gboolean
penstock_listen_address_equal (
    const PenstockListenAddress *a, const PenstockListenAddress *b)
{
  return a->set == b->set && a->port == b->port &&
      g_strcmp0 (a->host, b->host) == 0;
}

static gboolean
arrays_equal (
    const GPtrArray *a, const GPtrArray *b, const PenstockField *field)
{
  gchar path[64];

  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++) {
    gconstpointer one = g_ptr_array_index (a, i);
    gconstpointer two = g_ptr_array_index (b, i);
    if (field->type == PENSTOCK_FIELD_MAP
            ? !penstock_route_config_equal (one, two)
            : !penstock_fields_equal (one, two, item_path (field, path)))
      return FALSE;
  }
  return TRUE;
}

static gboolean
field_equal (gconstpointer a, gconstpointer b, const PenstockField *field)
{
  switch (field->type) {
  case PENSTOCK_FIELD_OBJECT:
    return penstock_fields_equal (G_STRUCT_MEMBER_P (a, field->offset),
        G_STRUCT_MEMBER_P (b, field->offset), field->path);
  case PENSTOCK_FIELD_MAP:
  case PENSTOCK_FIELD_LIST:
    return arrays_equal (
        MEMBER (GPtrArray *, a, field), MEMBER (GPtrArray *, b, field), field);
  case PENSTOCK_FIELD_KIND:
  case PENSTOCK_FIELD_ENUM:
  case PENSTOCK_FIELD_BOOLEAN:
  case PENSTOCK_FIELD_UINT:
    return MEMBER (guint, a, field) == MEMBER (guint, b, field);
  case PENSTOCK_FIELD_UINT64:
    return MEMBER (guint64, a, field) == MEMBER (guint64, b, field);
  case PENSTOCK_FIELD_CHOICE:
  case PENSTOCK_FIELD_STRING:
  case PENSTOCK_FIELD_PATH:
  case PENSTOCK_FIELD_URL:
  case PENSTOCK_FIELD_SECRET:
  case PENSTOCK_FIELD_SECRET_FILE:
    return g_strcmp0 (MEMBER (gchar *, a, field), MEMBER (gchar *, b, field)) ==
        0;
  case PENSTOCK_FIELD_ADDRESS:
    return penstock_listen_address_equal (
        &MEMBER (PenstockListenAddress, a, field),
        &MEMBER (PenstockListenAddress, b, field));
  case PENSTOCK_FIELD_NOTE:
    return TRUE;
  }
  g_return_val_if_reached (FALSE);
}

/* Members of other kinds are zero in both when the kinds are the same. */
gboolean
penstock_fields_equal (gconstpointer a, gconstpointer b, const gchar *parent)
{
  guint n_fields;
  const PenstockField *fields = penstock_config_fields (&n_fields);

  for (guint i = 0; i < n_fields; i++)
    if (penstock_field_is_in (&fields[i], parent) &&
        !field_equal (a, b, &fields[i]))
      return FALSE;
  return TRUE;
}

gboolean
penstock_route_config_equal (
    const PenstockRouteConfig *a, const PenstockRouteConfig *b)
{
  return g_str_equal (a->name, b->name) &&
      penstock_fields_equal (a, b, "/routes/*");
}

gboolean
penstock_route_config_same_input (
    const PenstockRouteConfig *a, const PenstockRouteConfig *b)
{
  guint n_fields;
  const PenstockField *fields = penstock_config_fields (&n_fields);

  for (guint i = 0; i < n_fields; i++) {
    const PenstockField *field = &fields[i];
    const gchar *key = penstock_field_key (field);
    if (penstock_field_is_in (field, "/routes/*") &&
        !g_str_equal (key, "outputs") && !g_str_equal (key, "cache") &&
        !field_equal (a, b, field))
      return FALSE;
  }
  return TRUE;
}

gboolean
penstock_route_config_same_cache (
    const PenstockRouteConfig *a, const PenstockRouteConfig *b)
{
  return penstock_fields_equal (a, b, "/routes/*/cache");
}

gboolean
penstock_output_config_equal (
    const PenstockOutputConfig *a, const PenstockOutputConfig *b)
{
  return penstock_fields_equal (a, b, "/routes/*/outputs/*");
}
