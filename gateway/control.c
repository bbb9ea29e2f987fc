/* SPDX-License-Identifier: MIT
 *
 * Control by JSON: a request in, an answer out. A new method is a row in the
 * table. Strict like the route map: what is not known is an error. */

#include <json-glib/json-glib.h>
#include <string.h>

#include "json-locate.h"
#include "penstock-server.h"
#include "penstock-viewer-private.h"

/* A longer request is not read. */
#define MAX_REQUEST (64 * 1024)
#define MAX_KEYS 4

/* Why a request fails; the names are part of the interface. */
typedef enum {
  CONTROL_OK,
  CONTROL_BAD_REQUEST,
  CONTROL_UNKNOWN_METHOD,
  CONTROL_NOT_FOUND,
} ControlCode;

static const gchar *const code_names[] = { "ok", "bad-request",
  "unknown-method", "not-found" };

typedef struct {
  PenstockServer *server;
  const PenstockJsonNode *request;
  JsonBuilder *answer; /* in an open object: the result */
  gchar *message;      /* (owned): of an error */
} Control;

static ControlCode G_GNUC_PRINTF (3, 4)
    fail (Control *self, ControlCode code, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  self->message = g_strdup_vprintf (format, args);
  va_end (args);
  return code;
}

/* --- parameters -------------------------------------------------------------- */

/* An absent one is NULL. */
static ControlCode
get_string (Control *self, const gchar *key, const gchar **value)
{
  const PenstockJsonNode *node = penstock_json_member (self->request, key);

  *value = node ? node->text : NULL;
  if (node && node->type != PENSTOCK_JSON_STRING)
    return fail (self, CONTROL_BAD_REQUEST, "\"%s\" is not a string", key);
  return CONTROL_OK;
}

static ControlCode
get_id (Control *self, guint *id)
{
  const PenstockJsonNode *node = penstock_json_member (self->request, "id");
  guint64 number = 0;

  if (!node)
    return fail (self, CONTROL_BAD_REQUEST, "missing \"id\"");
  if (node->type != PENSTOCK_JSON_NUMBER ||
      !g_ascii_string_to_unsigned (node->text, 10, 0, G_MAXUINT, &number, NULL))
    return fail (self, CONTROL_BAD_REQUEST, "\"id\" is not a whole number");
  *id = (guint) number;
  return CONTROL_OK;
}

/* --- methods ------------------------------------------------------------------- */

static gint
compare_ids (gconstpointer a, gconstpointer b)
{
  const PenstockViewer *one = *(PenstockViewer *const *) a;
  const PenstockViewer *two = *(PenstockViewer *const *) b;

  return one->id < two->id ? -1 : one->id > two->id;
}

static ControlCode
list_viewers (Control *self)
{
  const gchar *route;
  ControlCode code = get_string (self, "route", &route);

  if (code != CONTROL_OK)
    return code;
  if (route && !penstock_server_get_route (self->server, route))
    return fail (self, CONTROL_NOT_FOUND, "there is no such route");
  g_autoptr (GPtrArray) viewers =
      penstock_server_list_viewers (self->server, route);
  g_ptr_array_sort (viewers, compare_ids);
  json_builder_set_member_name (self->answer, "viewers");
  json_builder_begin_array (self->answer);
  for (guint i = 0; i < viewers->len; i++)
    penstock_viewer_add_json (viewers->pdata[i], self->answer);
  json_builder_end_array (self->answer);
  return CONTROL_OK;
}

static ControlCode
kick_viewer (Control *self)
{
  guint id = 0;
  ControlCode code = get_id (self, &id);

  if (code != CONTROL_OK)
    return code;
  if (!penstock_server_kick_viewer (self->server, id))
    return fail (self, CONTROL_NOT_FOUND, "there is no viewer %u", id);
  return CONTROL_OK;
}

static const struct {
  const gchar *name;
  const gchar *keys[MAX_KEYS]; /* beside `method`, up to NULL */
  ControlCode (*run) (Control *self);
} methods[] = {
  { "list-viewers", { "route" }, list_viewers },
  { "kick-viewer", { "id" }, kick_viewer },
};

/* --- requests -------------------------------------------------------------------- */

static ControlCode
check_keys (Control *self, const gchar *const *keys)
{
  for (const PenstockJsonNode *node = self->request->first; node;
       node = node->next) {
    gboolean known = g_str_equal (node->key, "method");
    for (guint i = 0; i < MAX_KEYS && keys[i] && !known; i++)
      known = g_str_equal (node->key, keys[i]);
    if (known)
      continue;
    g_autofree gchar *quoted =
        penstock_json_quote (node->key, PENSTOCK_JSON_QUOTE_SHORT);
    return fail (self, CONTROL_BAD_REQUEST, "unknown key %s", quoted);
  }
  return CONTROL_OK;
}

static ControlCode
run (Control *self)
{
  const gchar *name;

  if (self->request->type != PENSTOCK_JSON_OBJECT)
    return fail (self, CONTROL_BAD_REQUEST, "the request is not an object");
  ControlCode code = get_string (self, "method", &name);
  if (code != CONTROL_OK)
    return code;
  if (!name)
    return fail (self, CONTROL_BAD_REQUEST, "missing \"method\"");
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    if (g_str_equal (methods[i].name, name)) {
      code = check_keys (self, methods[i].keys);
      return code == CONTROL_OK ? methods[i].run (self) : code;
    }
  g_autofree gchar *quoted =
      penstock_json_quote (name, PENSTOCK_JSON_QUOTE_SHORT);
  return fail (self, CONTROL_UNKNOWN_METHOD, "there is no method %s", quoted);
}

static ControlCode
parse_and_run (Control *self, const gchar *text)
{
  gsize size = strlen (text);
  PenstockJsonProblem problem;

  if (size > MAX_REQUEST)
    return fail (self, CONTROL_BAD_REQUEST,
        "the request is longer than %d bytes", MAX_REQUEST);
  g_autoptr (PenstockJson) json = penstock_json_parse (text, size, &problem);
  if (!json)
    return fail (self, CONTROL_BAD_REQUEST, "line %u, column %u: %s",
        problem.line, problem.column, problem.message);
  self->request = penstock_json_get_root (json);
  ControlCode code = run (self);
  self->request = NULL;
  return code;
}

static JsonNode *
make_error (ControlCode code, const gchar *message)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "error");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "code");
  json_builder_add_string_value (builder, code_names[code]);
  json_builder_set_member_name (builder, "message");
  json_builder_add_string_value (builder, message);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

gchar *
penstock_server_control (PenstockServer *self, const gchar *request)
{
  g_return_val_if_fail (PENSTOCK_IS_SERVER (self), NULL);
  g_return_val_if_fail (request != NULL, NULL);

  g_autoptr (JsonBuilder) builder = json_builder_new ();
  Control control = { .server = self, .answer = builder };

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "result");
  json_builder_begin_object (builder);
  ControlCode code = parse_and_run (&control, request);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  g_autofree gchar *message = control.message;
  g_autoptr (JsonNode) root = code == CONTROL_OK
      ? json_builder_get_root (builder)
      : make_error (code, message);
  return json_to_string (root, FALSE);
}
