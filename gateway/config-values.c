/* SPDX-License-Identifier: MIT
 *
 * Single values of a route map, and what to say about a wrong one. */

#include "config-parse.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-suggest.h"
#include "config-url.h"

/* A secret is one line; more in its file is not read. */
#define SECRET_MAX 4096

#define MEMBER(type, object, field)                                            \
  G_STRUCT_MEMBER (type, object, (field)->offset)

/* --- expected and found ------------------------------------------------------ */

gchar *
penstock_field_values_dup_list (const PenstockFieldValue *values)
{
  GString *out = g_string_new (NULL);

  for (const PenstockFieldValue *value = values; value->name; value++) {
    if (value != values)
      g_string_append (out, value[1].name ? ", " : " or ");
    g_string_append_printf (out, "\"%s\"", value->name);
  }
  return g_string_free (out, FALSE);
}

static gchar *
expected_number (const PenstockField *field)
{
  return g_strdup_printf ("%s from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                          "%s%s",
      field->step == 2 ? "an even number" : "a whole number", field->min,
      field->max, field->unit ? " " : "", field->unit ? field->unit : "");
}

gchar *
penstock_field_dup_expected (const PenstockField *field)
{
  switch (field->type) {
  case PENSTOCK_FIELD_OBJECT:
  case PENSTOCK_FIELD_MAP:
    return g_strdup ("an object");
  case PENSTOCK_FIELD_LIST:
    return g_strdup ("an array with at least one element");
  case PENSTOCK_FIELD_KIND:
  case PENSTOCK_FIELD_ENUM:
  case PENSTOCK_FIELD_CHOICE:
    return penstock_field_values_dup_list (field->values);
  case PENSTOCK_FIELD_BOOLEAN:
    return g_strdup ("true or false");
  case PENSTOCK_FIELD_UINT:
  case PENSTOCK_FIELD_UINT64:
    return expected_number (field);
  case PENSTOCK_FIELD_PATH:
  case PENSTOCK_FIELD_SECRET_FILE:
    return g_strdup ("a file name");
  case PENSTOCK_FIELD_URL:
    return g_strdup_printf ("a URL \"%s://HOST/...\"", field->scheme);
  case PENSTOCK_FIELD_ADDRESS:
    return g_strdup (
        "\"ADDRESS:PORT\" with a numeric address, like \"127.0.0.1:8080\" or "
        "\"[::]:8080\"");
  case PENSTOCK_FIELD_STRING:
  case PENSTOCK_FIELD_SECRET:
  case PENSTOCK_FIELD_NOTE:
    break;
  }
  return g_strdup ("a string that is not empty");
}

static const gchar *
type_name (const PenstockJsonNode *node)
{
  switch (node->type) {
  case PENSTOCK_JSON_NULL:
    return "null";
  case PENSTOCK_JSON_BOOLEAN:
    return node->boolean ? "true" : "false";
  case PENSTOCK_JSON_NUMBER:
    return "a number";
  case PENSTOCK_JSON_STRING:
    return *node->text ? "a string" : "an empty string";
  case PENSTOCK_JSON_ARRAY:
    return node->first ? "an array" : "an empty array";
  case PENSTOCK_JSON_OBJECT:
    break;
  }
  return "an object";
}

/* Strings are shown only where a secret would be a strange mistake. */
static gboolean
shows_value (const PenstockField *field)
{
  switch (field->type) {
  case PENSTOCK_FIELD_KIND:
  case PENSTOCK_FIELD_BOOLEAN:
  case PENSTOCK_FIELD_UINT:
  case PENSTOCK_FIELD_UINT64:
  case PENSTOCK_FIELD_ENUM:
  case PENSTOCK_FIELD_CHOICE:
  case PENSTOCK_FIELD_ADDRESS:
    return TRUE;
  default:
    return FALSE;
  }
}

static gchar *
dup_found (const PenstockField *field, const PenstockJsonNode *node)
{
  if (shows_value (field) && node->type == PENSTOCK_JSON_STRING)
    return penstock_json_quote (node->text, PENSTOCK_JSON_QUOTE_SHORT);
  if (shows_value (field) && node->type == PENSTOCK_JSON_NUMBER)
    return g_strdup_printf ("%.40s", node->text);
  return g_strdup (type_name (node));
}

gchar *
penstock_config_dup_hint (const gchar *word, const gchar *const *words)
{
  const gchar *best = penstock_suggest (word, words);

  return best ? g_strdup_printf (" (did you mean \"%s\"?)", best) : NULL;
}

static gchar *
dup_value_hint (const PenstockFieldValue *values, const gchar *word)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (; values->name; values++)
    g_ptr_array_add (names, (gpointer) values->name);
  g_ptr_array_add (names, NULL);
  return penstock_config_dup_hint (word, (const gchar *const *) names->pdata);
}

void
penstock_config_unexpected (PenstockConfigParse *self,
    const PenstockField *field, const PenstockJsonNode *node, const gchar *hint)
{
  g_autofree gchar *expected = penstock_field_dup_expected (field);
  g_autofree gchar *found = dup_found (field, node);
  g_autofree gchar *own_hint = NULL;

  if (!hint && field->values && node->type == PENSTOCK_JSON_STRING)
    hint = own_hint = dup_value_hint (field->values, node->text);
  penstock_config_problem (
      self, node, "expected %s, found %s%s", expected, found, hint ? hint : "");
}

void
penstock_config_unexpected_type (PenstockConfigParse *self,
    const gchar *expected, const PenstockJsonNode *node)
{
  penstock_config_problem (
      self, node, "expected %s, found %s", expected, type_name (node));
}

/* --- scalars from text ---------------------------------------------------------- */

static gboolean
set_number (const PenstockField *field, const gchar *text, gpointer object)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (
          text, 10, field->min, field->max, &value, NULL))
    return FALSE;
  if (field->step && value % field->step != 0)
    return FALSE;
  if (field->type == PENSTOCK_FIELD_UINT)
    MEMBER (guint, object, field) = value;
  else
    MEMBER (guint64, object, field) = value;
  return TRUE;
}

static gboolean
set_address (const PenstockField *field, const gchar *text, gpointer object,
    gchar **hint)
{
  PenstockListenAddress *address =
      &MEMBER (PenstockListenAddress, object, field);
  g_autofree gchar *guess = NULL;

  if (penstock_listen_address_parse (text, address, &guess))
    return TRUE;
  if (guess)
    *hint = g_strdup_printf (" (did you mean \"%s\"?)", guess);
  address->set = TRUE; /* wanted: no second problem where it is needed */
  return FALSE;
}

/* FALSE when @text is not what the field takes. @hint (nullable) then says
 * what might have been meant. */
static gboolean
set_scalar (const PenstockField *field, const gchar *text, gpointer object,
    gchar **hint)
{
  const PenstockFieldValue *value;

  switch (field->type) {
  case PENSTOCK_FIELD_BOOLEAN:
    MEMBER (gboolean, object, field) = g_str_equal (text, "true");
    return g_str_equal (text, "true") || g_str_equal (text, "false");
  case PENSTOCK_FIELD_UINT:
  case PENSTOCK_FIELD_UINT64:
    return set_number (field, text, object);
  case PENSTOCK_FIELD_ADDRESS:
    return set_address (field, text, object, hint);
  case PENSTOCK_FIELD_ENUM:
  case PENSTOCK_FIELD_CHOICE:
    value = penstock_field_value_by_name (field->values, text);
    if (!value) {
      *hint = dup_value_hint (field->values, text);
    } else if (field->type == PENSTOCK_FIELD_ENUM) {
      MEMBER (gint, object, field) = value->value;
    } else {
      g_free (MEMBER (gchar *, object, field));
      MEMBER (gchar *, object, field) = g_strdup (text);
    }
    return value != NULL;
  default:
    g_return_val_if_reached (FALSE);
  }
}

/* --- strings ---------------------------------------------------------------------- */

static void
set_string (const PenstockField *field, gchar *taken, gpointer object)
{
  g_free (MEMBER (gchar *, object, field));
  MEMBER (gchar *, object, field) = taken;
}

static gchar *
resolve (const PenstockConfigParse *self, const gchar *path)
{
  return g_canonicalize_filename (path, self->folder);
}

/* The start of a regular file; a pipe or device could block or never end. */
static gssize
read_start (const gchar *path, gchar *buffer, gsize size, const gchar **problem)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  struct stat info;
  gssize length = -1;

  if (fd < 0) {
    *problem = g_strerror (errno);
    return -1;
  }
  if (fstat (fd, &info) == 0 && !S_ISREG (info.st_mode))
    *problem = "Not a regular file";
  else if ((length = read (fd, buffer, size)) < 0)
    *problem = g_strerror (errno);
  close (fd);
  return length;
}

static gboolean
has_control_character (const gchar *text)
{
  for (; *text; text++)
    if ((guchar) *text < 0x20 || *text == 0x7f)
      return TRUE;
  return FALSE;
}

static void
parse_secret_file (PenstockConfigParse *self, const PenstockField *field,
    const PenstockJsonNode *node, gpointer object)
{
  g_autofree gchar *path = resolve (self, node->text);
  g_autofree gchar *quoted =
      penstock_json_quote (path, PENSTOCK_JSON_QUOTE_PATH);
  gchar buffer[SECRET_MAX + 1];
  const gchar *problem = NULL;
  gssize length = read_start (path, buffer, SECRET_MAX, &problem);

  if (length < 0) {
    penstock_config_problem (
        self, node, "cannot read the file %s: %s", quoted, problem);
    return;
  }
  buffer[length] = '\0';
  buffer[strcspn (buffer, "\r\n")] = '\0';
  if (buffer[0] == '\0')
    penstock_config_problem (
        self, node, "the first line of the file %s is empty", quoted);
  else if (strlen (buffer) == SECRET_MAX)
    penstock_config_problem (self, node,
        "the first line of the file %s is longer than %d bytes", quoted,
        SECRET_MAX - 1);
  else if (!g_utf8_validate (buffer, -1, NULL) ||
      has_control_character (buffer))
    penstock_config_problem (
        self, node, "the first line of the file %s is not text", quoted);
  else
    set_string (field, g_strdup (buffer), object);
  explicit_bzero (buffer, sizeof (buffer));
}

/* The URL's own user and password go where `user` and `password` go. */
/* The field @key beside @field, for the same kinds. */
static const PenstockField *
sibling_of (const PenstockField *field, const gchar *key)
{
  g_autofree gchar *parent =
      g_strndup (field->path, penstock_field_key (field) - 1 - field->path);

  return penstock_field_find (parent, key, g_bit_nth_lsf (field->kinds, -1));
}

static void
parse_url (PenstockConfigParse *self, const PenstockField *field,
    const PenstockJsonNode *node, const gchar *text, gpointer object)
{
  const PenstockJsonNode *siblings = node->parent && node->key &&
          g_str_equal (node->key, penstock_field_key (field))
      ? node->parent
      : NULL;
  g_autofree gchar *url = NULL, *user = NULL, *password = NULL;
  const gchar *scheme = field->tls_scheme &&
          g_ascii_strncasecmp (
              text, field->tls_scheme, strlen (field->tls_scheme)) == 0
      ? field->tls_scheme
      : field->scheme;
  const gchar *problem =
      penstock_config_url_split (text, scheme, &url, &user, &password);

  if (problem) {
    g_autofree gchar *expected = penstock_field_dup_expected (field);
    penstock_config_problem (self, node, "expected %s: %s", expected, problem);
    return;
  }
  if (user && penstock_json_member (siblings, "user"))
    penstock_config_problem (
        self, node, "the user stands in the URL and in \"user\"");
  else if (user)
    set_string (sibling_of (field, "user"), g_steal_pointer (&user), object);
  if (password &&
      (penstock_json_member (siblings, "password") ||
          penstock_json_member (siblings, "password-file")))
    penstock_config_problem (
        self, node, "the password stands in the URL and beside it");
  else if (password)
    set_string (
        sibling_of (field, "password"), g_steal_pointer (&password), object);
  set_string (field, g_steal_pointer (&url), object);
}

void
penstock_config_parse_text (PenstockConfigParse *self,
    const PenstockField *field, const PenstockJsonNode *node, const gchar *text,
    gpointer object)
{
  if (*text == '\0') {
    g_autofree gchar *expected = penstock_field_dup_expected (field);
    penstock_config_problem (
        self, node, "expected %s, found an empty string", expected);
    return;
  }
  switch (field->type) {
  case PENSTOCK_FIELD_URL:
    parse_url (self, field, node, text, object);
    break;
  case PENSTOCK_FIELD_PATH:
    set_string (field, resolve (self, text), object);
    break;
  case PENSTOCK_FIELD_SECRET_FILE:
    parse_secret_file (self, field, node, object);
    break;
  case PENSTOCK_FIELD_STRING:
  case PENSTOCK_FIELD_SECRET:
    set_string (field, g_strdup (text), object);
    break;
  default:
    g_return_if_reached ();
  }
}

/* --- from JSON ------------------------------------------------------------------------ */

static PenstockJsonType
json_type (const PenstockField *field)
{
  switch (field->type) {
  case PENSTOCK_FIELD_BOOLEAN:
    return PENSTOCK_JSON_BOOLEAN;
  case PENSTOCK_FIELD_UINT:
  case PENSTOCK_FIELD_UINT64:
    return PENSTOCK_JSON_NUMBER;
  default:
    return PENSTOCK_JSON_STRING;
  }
}

/* `8080` for an address, `"5"` for a number, `"true"` for a boolean. */
static gchar *
dup_type_hint (const PenstockField *field, const PenstockJsonNode *node)
{
  guint64 port;

  if (field->type == PENSTOCK_FIELD_ADDRESS &&
      node->type == PENSTOCK_JSON_NUMBER &&
      g_ascii_string_to_unsigned (node->text, 10, 0, 65535, &port, NULL))
    return g_strdup_printf (" (did you mean \":%s\"?)", node->text);
  if (field->type != PENSTOCK_FIELD_ADDRESS && shows_value (field) &&
      node->type == PENSTOCK_JSON_STRING && !field->values)
    return g_strdup (" (without quotes)");
  return NULL;
}

void
penstock_config_parse_value (PenstockConfigParse *self,
    const PenstockField *field, const PenstockJsonNode *node, gpointer object)
{
  gpointer member = G_STRUCT_MEMBER_P (object, field->offset);
  g_autofree gchar *hint = NULL;

  g_hash_table_insert (self->origins, member, (gpointer) node);
  if (node->type != json_type (field)) {
    hint = dup_type_hint (field, node);
    penstock_config_unexpected (self, field, node, hint);
    if (field->type == PENSTOCK_FIELD_ADDRESS)
      MEMBER (PenstockListenAddress, object, field).set = TRUE;
    return;
  }
  if (field->type == PENSTOCK_FIELD_NOTE)
    return;
  if (!shows_value (field)) {
    penstock_config_parse_text (self, field, node, node->text, object);
    return;
  }
  const gchar *text = node->text;
  if (node->type == PENSTOCK_JSON_BOOLEAN)
    text = node->boolean ? "true" : "false";
  if (!set_scalar (field, text, object, &hint))
    penstock_config_unexpected (self, field, node, hint);
}

/* --- from the environment --------------------------------------------------------------- */

static void
parse_variable (PenstockConfigParse *self, const PenstockField *field,
    const gchar *name, const gchar *text)
{
  gpointer member = G_STRUCT_MEMBER_P (self->data, field->offset);
  g_autofree gchar *hint = NULL;

  g_hash_table_insert (self->variables, member, g_strdup (name));
  if (field->type == PENSTOCK_FIELD_ADDRESS && g_str_equal (text, "off")) {
    g_clear_pointer (&((PenstockListenAddress *) member)->host, g_free);
    *(PenstockListenAddress *) member = (PenstockListenAddress){ 0 };
    return;
  }
  if (set_scalar (field, text, self->data, &hint))
    return;
  g_autofree gchar *expected = penstock_field_dup_expected (field);
  g_autofree gchar *found =
      penstock_json_quote (text, PENSTOCK_JSON_QUOTE_SHORT);
  g_autofree gchar *subject = g_strconcat ("environment variable ", name, NULL);
  penstock_config_general_problem (self, subject, "expected %s%s, found %s%s",
      expected, field->type == PENSTOCK_FIELD_ADDRESS ? ", or \"off\"" : "",
      found, hint ? hint : "");
}

/* An empty variable is one that is not set: compose files leave such. */
void
penstock_config_parse_environment (PenstockConfigParse *self)
{
  guint n_fields;
  const PenstockField *fields = penstock_config_fields (&n_fields);

  for (guint i = 0; i < n_fields; i++) {
    g_autofree gchar *name = penstock_field_dup_env (&fields[i]);
    const gchar *text =
        name ? g_environ_getenv ((gchar **) self->environment, name) : NULL;
    if (text && *text)
      parse_variable (self, &fields[i], name, text);
  }
}
