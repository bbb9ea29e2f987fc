/* SPDX-License-Identifier: MIT
 *
 * Looking up rows of the table of fields (config-fields.h). */

#include <string.h>

#include "config-fields.h"

const gchar *
penstock_field_key (const PenstockField *field)
{
  return strrchr (field->path, '/') + 1;
}

gboolean
penstock_field_is_in (const PenstockField *field, const gchar *parent)
{
  gsize length = strlen (parent);

  return strncmp (field->path, parent, length) == 0 &&
      field->path + length + 1 == penstock_field_key (field);
}

gboolean
penstock_field_has_kind (const PenstockField *field, gint kind)
{
  return kind < 0 || field->kinds == 0 || field->kinds & 1u << kind;
}

const PenstockField *
penstock_field_find (const gchar *parent, const gchar *key, gint kind)
{
  guint n;
  const PenstockField *fields = penstock_config_fields (&n);

  for (guint i = 0; i < n; i++)
    if (penstock_field_is_in (&fields[i], parent) &&
        penstock_field_has_kind (&fields[i], kind) &&
        g_str_equal (penstock_field_key (&fields[i]), key))
      return &fields[i];
  return NULL;
}

const PenstockField *
penstock_field_find_kind (const gchar *parent)
{
  guint n;
  const PenstockField *fields = penstock_config_fields (&n);

  for (guint i = 0; i < n; i++)
    if (fields[i].type == PENSTOCK_FIELD_KIND &&
        penstock_field_is_in (&fields[i], parent))
      return &fields[i];
  return NULL;
}

const PenstockFieldValue *
penstock_field_value_by_name (
    const PenstockFieldValue *values, const gchar *name)
{
  for (; values->name; values++)
    if (g_str_equal (values->name, name))
      return values;
  return NULL;
}

const gchar *
penstock_field_value_name (const PenstockFieldValue *values, gint value)
{
  for (; values->name; values++)
    if (values->value == value)
      return values->name;
  return NULL;
}

gchar *
penstock_field_dup_env (const PenstockField *field)
{
  switch (field->type) {
  case PENSTOCK_FIELD_ADDRESS:
  case PENSTOCK_FIELD_BOOLEAN:
  case PENSTOCK_FIELD_ENUM:
  case PENSTOCK_FIELD_UINT:
  case PENSTOCK_FIELD_UINT64:
    break;
  default:
    return NULL;
  }
  if (strchr (field->path, '*'))
    return NULL;
  gchar *name = g_strconcat ("PENSTOCK", field->path, NULL);
  for (gchar *p = name; *p; p++)
    *p = *p == '/' || *p == '-' ? '_' : g_ascii_toupper (*p);
  return name;
}
