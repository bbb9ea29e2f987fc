/* SPDX-License-Identifier: MIT
 *
 * Strict JSON (RFC 8259) with positions. A loop over the text with the open
 * containers as explicit stack, so depth costs no C stack. */

#include "json-locate.h"

#include <string.h>

struct _PenstockJson {
  gchar *text;
  gsize size;
  PenstockJsonNode *root;
};

/* What may come next. */
typedef enum {
  EXPECT_VALUE,
  EXPECT_VALUE_OR_END, /* after "[" */
  EXPECT_KEY,
  EXPECT_KEY_OR_END, /* after "{" */
  EXPECT_COMMA_OR_END,
  EXPECT_NOTHING, /* after the document's value */
} Expect;

typedef struct {
  PenstockJson *json;
  const gchar *text;
  gsize size, at;
  Expect expect;
  PenstockJsonNode *open; /* innermost open container */
  guint depth;
  GHashTable *keys[PENSTOCK_JSON_MAX_DEPTH]; /* of the open objects */
  gchar *key; /* read, its value is still to come */
  gsize key_offset;
  PenstockJsonProblem *problem;
} Scan;

/* --- positions ---------------------------------------------------------- */

static void
locate (const gchar *text, gsize offset, guint *line, guint *column)
{
  *line = *column = 1;
  for (gsize i = 0; i < offset; i++) {
    if (text[i] == '\n') {
      (*line)++;
      *column = 1;
    } else if (((guchar) text[i] & 0xc0) != 0x80) {
      (*column)++; /* UTF-8 continuation bytes do not count */
    }
  }
}

void
penstock_json_locate (
    const PenstockJson *json, gsize offset, guint *line, guint *column)
{
  locate (json->text, MIN (offset, json->size), line, column);
}

static gboolean G_GNUC_PRINTF (3, 4)
    fail (Scan *scan, gsize offset, const gchar *format, ...)
{
  va_list args;

  locate (scan->text, MIN (offset, scan->size), &scan->problem->line,
      &scan->problem->column);
  va_start (args, format);
  g_vsnprintf (
      scan->problem->message, sizeof (scan->problem->message), format, args);
  va_end (args);
  return FALSE;
}

/* Names the character at @offset, whatever it is. */
static const gchar *
found_at (const Scan *scan, gsize offset, gchar buffer[32])
{
  if (offset >= scan->size)
    return "the end of the file";
  guchar c = scan->text[offset];
  if (c == '"')
    return "a string";
  if (c < 0x20 || c == 0x7f) {
    g_snprintf (buffer, 32, "control character U+%04X", c);
    return buffer;
  }
  gunichar wide =
      g_utf8_get_char_validated (scan->text + offset, scan->size - offset);
  if (wide >= (gunichar) -2)
    return "a byte that is not UTF-8";
  gchar utf8[7] = { 0 };
  g_unichar_to_utf8 (wide, utf8);
  g_snprintf (buffer, 32, "'%s'", utf8);
  return buffer;
}

static gboolean
fail_expected (Scan *scan, const gchar *expected)
{
  gchar buffer[32];
  guint line, column;

  if (scan->at < scan->size &&
      (scan->text[scan->at] == '/' || scan->text[scan->at] == '#'))
    return fail (scan, scan->at, "comments are not allowed in JSON");
  if (scan->at >= scan->size && scan->open) {
    locate (scan->text, scan->open->offset, &line, &column);
    return fail (scan, scan->at,
        "expected %s, found the end of the file; the '%c' at %u:%u is not "
        "closed",
        expected, scan->open->type == PENSTOCK_JSON_OBJECT ? '{' : '[', line,
        column);
  }
  return fail (scan, scan->at, "expected %s, found %s", expected,
      found_at (scan, scan->at, buffer));
}

/* --- strings ------------------------------------------------------------ */

static gboolean
read_hex4 (Scan *scan, gsize escape, gunichar *value)
{
  *value = 0;
  for (guint i = 0; i < 4; i++) {
    gint digit = scan->at < scan->size
        ? g_ascii_xdigit_value (scan->text[scan->at])
        : -1;
    if (digit < 0)
      return fail (scan, escape, "\\u needs four hexadecimal digits");
    *value = *value << 4 | digit;
    scan->at++;
  }
  return TRUE;
}

/* Behind "\u". Surrogates come in pairs; U+0000 would end a C string. */
static gboolean
read_unicode_escape (Scan *scan, gsize escape, GString *out)
{
  gunichar value, low;

  if (!read_hex4 (scan, escape, &value))
    return FALSE;
  if (value == 0)
    return fail (scan, escape, "\\u0000 is not allowed");
  if (value >= 0xd800 && value <= 0xdbff) {
    if (scan->size - scan->at < 2 || scan->text[scan->at] != '\\' ||
        scan->text[scan->at + 1] != 'u')
      return fail (scan, escape, "unpaired surrogate in a \\u escape");
    scan->at += 2;
    if (!read_hex4 (scan, escape, &low))
      return FALSE;
    if (low < 0xdc00 || low > 0xdfff)
      return fail (scan, escape, "unpaired surrogate in a \\u escape");
    value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
  } else if (value >= 0xdc00 && value <= 0xdfff) {
    return fail (scan, escape, "unpaired surrogate in a \\u escape");
  }
  g_string_append_unichar (out, value);
  return TRUE;
}

static gboolean
read_escape (Scan *scan, GString *out)
{
  static const gchar names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  gsize escape = scan->at++;
  gchar c = scan->at < scan->size ? scan->text[scan->at] : '\0';
  const gchar *name = c ? strchr (names, c) : NULL;

  if (!name && c != 'u')
    return fail (scan, escape,
        "invalid escape in a string; a backslash is "
        "written \\\\");
  scan->at++;
  if (c == 'u')
    return read_unicode_escape (scan, escape, out);
  g_string_append_c (out, values[name - names]);
  return TRUE;
}

/* At the opening quote. The whole text is known to be UTF-8. */
static gchar *
read_string (Scan *scan)
{
  g_autoptr (GString) out = g_string_new (NULL);
  gsize start = scan->at++;

  while (scan->at < scan->size) {
    guchar c = scan->text[scan->at];
    if (c == '"') {
      scan->at++;
      return g_string_free (g_steal_pointer (&out), FALSE);
    }
    if (c == '\n' || c == '\r') {
      fail (scan, start, "the string is not closed on its line");
      return NULL;
    }
    if (c < 0x20) {
      fail (scan, scan->at,
          "control character U+%04X in a string must be escaped", c);
      return NULL;
    }
    if (c == '\\') {
      if (!read_escape (scan, out))
        return NULL;
      continue;
    }
    gsize run = scan->at;
    while (run < scan->size && (guchar) scan->text[run] >= 0x20 &&
        scan->text[run] != '"' && scan->text[run] != '\\')
      run++;
    g_string_append_len (out, scan->text + scan->at, run - scan->at);
    scan->at = run;
  }
  fail (scan, start, "the string is not closed");
  return NULL;
}

/* --- numbers and words -------------------------------------------------- */

static gsize
skip_digits (const Scan *scan, gsize at)
{
  while (at < scan->size && g_ascii_isdigit (scan->text[at]))
    at++;
  return at;
}

static gboolean
is_at (const Scan *scan, gsize at, const gchar *set)
{
  return at < scan->size && scan->text[at] && strchr (set, scan->text[at]);
}

/* number = [ minus ] int [ frac ] [ exp ] (RFC 8259, 6). */
static gchar *
read_number (Scan *scan)
{
  gsize start = scan->at, at = start, digits;

  if (is_at (scan, at, "-"))
    at++;
  digits = at;
  at = skip_digits (scan, at);
  if (at == digits) {
    fail (scan, start, "a number needs digits after its sign");
    return NULL;
  }
  if (scan->text[digits] == '0' && at - digits > 1) {
    fail (scan, start, "a number must not start with 0");
    return NULL;
  }
  if (is_at (scan, at, ".")) {
    digits = ++at;
    at = skip_digits (scan, at);
    if (at == digits) {
      fail (scan, start, "a number needs digits after its point");
      return NULL;
    }
  }
  if (is_at (scan, at, "eE")) {
    at++;
    if (is_at (scan, at, "+-"))
      at++;
    digits = at;
    at = skip_digits (scan, at);
    if (at == digits) {
      fail (scan, start, "a number needs digits in its exponent");
      return NULL;
    }
  }
  scan->at = at;
  return g_strndup (scan->text + start, at - start);
}

static gboolean
read_word (Scan *scan, PenstockJsonNode *node)
{
  static const struct {
    const gchar *word;
    PenstockJsonType type;
    gboolean boolean;
  } words[] = { { "true", PENSTOCK_JSON_BOOLEAN, TRUE },
    { "false", PENSTOCK_JSON_BOOLEAN, FALSE },
    { "null", PENSTOCK_JSON_NULL, FALSE } };
  gsize end = scan->at;

  while (end < scan->size &&
      (g_ascii_isalnum (scan->text[end]) || scan->text[end] == '_'))
    end++;
  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    if (end - scan->at == strlen (words[i].word) &&
        strncmp (scan->text + scan->at, words[i].word, end - scan->at) == 0) {
      node->type = words[i].type;
      node->boolean = words[i].boolean;
      scan->at = end;
      return TRUE;
    }
  }
  if (end > scan->at)
    return fail (
        scan, scan->at, "expected a value; strings stand in double quotes");
  return fail_expected (scan, "a value");
}

/* --- structure ---------------------------------------------------------- */

static void
append_node (Scan *scan, PenstockJsonNode *node)
{
  PenstockJsonNode *parent = scan->open;

  node->parent = parent;
  node->key = g_steal_pointer (&scan->key);
  node->key_offset = node->key ? scan->key_offset : node->offset;
  if (!parent) {
    scan->json->root = node;
    return;
  }
  node->index = parent->n_children++;
  if (parent->last)
    parent->last->next = node;
  else
    parent->first = node;
  parent->last = node;
}

static gboolean
open_container (Scan *scan, PenstockJsonNode *node)
{
  if (scan->depth == PENSTOCK_JSON_MAX_DEPTH)
    return fail (scan, scan->at, "nested deeper than %d levels",
        PENSTOCK_JSON_MAX_DEPTH);
  gboolean object = scan->text[scan->at++] == '{';
  node->type = object ? PENSTOCK_JSON_OBJECT : PENSTOCK_JSON_ARRAY;
  scan->keys[scan->depth++] =
      object ? g_hash_table_new (g_str_hash, g_str_equal) : NULL;
  scan->open = node;
  scan->expect = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
  return TRUE;
}

static void
close_container (Scan *scan)
{
  scan->at++;
  scan->depth--;
  g_clear_pointer (&scan->keys[scan->depth], g_hash_table_unref);
  scan->open = scan->open->parent;
  scan->expect = scan->open ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

static gboolean
read_value (Scan *scan)
{
  PenstockJsonNode *node = g_new0 (PenstockJsonNode, 1);
  gchar c = scan->at < scan->size ? scan->text[scan->at] : '\0';

  node->offset = scan->at;
  append_node (scan, node);
  scan->expect = scan->open ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
  if (c == '{' || c == '[')
    return open_container (scan, node);
  if (c == '"') {
    node->type = PENSTOCK_JSON_STRING;
    return (node->text = read_string (scan)) != NULL;
  }
  if (c == '-' || g_ascii_isdigit (c)) {
    node->type = PENSTOCK_JSON_NUMBER;
    return (node->text = read_number (scan)) != NULL;
  }
  if (c == '+' || c == '.')
    return fail (scan, scan->at, "a number must not start with '%c'", c);
  return read_word (scan, node);
}

static void
skip_space (Scan *scan)
{
  while (is_at (scan, scan->at, " \t\n\r"))
    scan->at++;
}

static gboolean
check_duplicate (Scan *scan)
{
  GHashTable *keys = scan->keys[scan->depth - 1];
  gsize first = GPOINTER_TO_SIZE (g_hash_table_lookup (keys, scan->key));
  guint line, column;

  if (first > 0) {
    g_autofree gchar *shown =
        penstock_json_quote (scan->key, PENSTOCK_JSON_QUOTE_SHORT);
    locate (scan->text, first, &line, &column);
    return fail (scan, scan->key_offset, "duplicate key %s, first at %u:%u",
        shown, line, column);
  }
  return TRUE;
}

static gboolean
read_key (Scan *scan)
{
  if (!is_at (scan, scan->at, "\"")) {
    if (is_at (scan, scan->at, "}"))
      return fail (scan, scan->at, "no comma is allowed before '}'");
    return fail_expected (scan, "a key in double quotes");
  }
  scan->key_offset = scan->at;
  scan->key = read_string (scan);
  if (!scan->key || !check_duplicate (scan))
    return FALSE;
  skip_space (scan);
  if (!is_at (scan, scan->at, ":"))
    return fail_expected (scan, "':' after the key");
  scan->at++;
  skip_space (scan);
  /* The node owns the key from read_value() on; the table borrows it. The
   * offset is never 0: the brace of the object stands before it. */
  g_hash_table_insert (scan->keys[scan->depth - 1], scan->key,
      GSIZE_TO_POINTER (scan->key_offset));
  return read_value (scan);
}

static gboolean
read_separator (Scan *scan)
{
  gboolean object = scan->open->type == PENSTOCK_JSON_OBJECT;

  if (is_at (scan, scan->at, ",")) {
    scan->at++;
    scan->expect = object ? EXPECT_KEY : EXPECT_VALUE;
    return TRUE;
  }
  if (is_at (scan, scan->at, object ? "}" : "]")) {
    close_container (scan);
    return TRUE;
  }
  return fail_expected (scan, object ? "',' or '}'" : "',' or ']'");
}

/* One token and what belongs to it. */
static gboolean
step (Scan *scan)
{
  switch (scan->expect) {
  case EXPECT_KEY_OR_END:
    if (is_at (scan, scan->at, "}")) {
      close_container (scan);
      return TRUE;
    }
    return read_key (scan);
  case EXPECT_KEY:
    return read_key (scan);
  case EXPECT_VALUE_OR_END:
    if (is_at (scan, scan->at, "]")) {
      close_container (scan);
      return TRUE;
    }
    return read_value (scan);
  case EXPECT_VALUE:
    if (scan->open && is_at (scan, scan->at, "]"))
      return fail (scan, scan->at, "no comma is allowed before ']'");
    return read_value (scan);
  case EXPECT_COMMA_OR_END:
    return read_separator (scan);
  case EXPECT_NOTHING:
    break;
  }
  return fail_expected (scan, "nothing after the end of the document");
}

/* Things of the whole text that have one place to be told. */
static gboolean
check_text (Scan *scan)
{
  const gchar *end;

  if (scan->size > PENSTOCK_JSON_MAX_SIZE) {
    scan->size = 0;
    return fail (scan, 0, "larger than %d bytes", PENSTOCK_JSON_MAX_SIZE);
  }
  if (scan->size >= 3 && memcmp (scan->text, "\xef\xbb\xbf", 3) == 0)
    return fail (scan, 0,
        "starts with a byte order mark; save it as UTF-8 "
        "without one");
  if (!g_utf8_validate_len (scan->text, scan->size, &end)) {
    gsize at = end - scan->text;
    if (*end == '\0')
      return fail (scan, at, "the file has a zero byte");
    return fail (scan, at, "not UTF-8: byte 0x%02X", (guchar) *end);
  }
  return TRUE;
}

static gboolean
scan_document (Scan *scan)
{
  if (!check_text (scan))
    return FALSE;
  skip_space (scan);
  if (scan->at == scan->size)
    return fail (scan, scan->at, "the file is empty");
  do {
    if (!step (scan))
      return FALSE;
    skip_space (scan);
  } while (scan->expect != EXPECT_NOTHING || scan->at < scan->size);
  return TRUE;
}

PenstockJson *
penstock_json_parse (
    const gchar *text, gsize size, PenstockJsonProblem *problem)
{
  PenstockJson *json = g_new0 (PenstockJson, 1);
  Scan scan = { .json = json, .size = size, .problem = problem };

  /* A NUL behind the text: lookups at its end stay inside. */
  json->size = MIN (size, PENSTOCK_JSON_MAX_SIZE);
  json->text = g_malloc (json->size + 1);
  if (json->size > 0)
    memcpy (json->text, text, json->size);
  json->text[json->size] = '\0';
  scan.text = json->text;

  gboolean good = scan_document (&scan);
  for (guint i = 0; i < scan.depth; i++)
    g_clear_pointer (&scan.keys[i], g_hash_table_unref);
  g_free (scan.key);
  if (!good)
    g_clear_pointer (&json, penstock_json_free);
  return json;
}

/* Children first, without recursion: down to a leaf, free, on to the next. */
void
penstock_json_free (PenstockJson *json)
{
  if (!json)
    return;
  PenstockJsonNode *node = json->root;
  while (node) {
    if (node->first) {
      PenstockJsonNode *child = node->first;
      node->first = NULL;
      node = child;
      continue;
    }
    PenstockJsonNode *after = node->next ? node->next : node->parent;
    g_free (node->key);
    g_free (node->text);
    g_free (node);
    node = after;
  }
  g_free (json->text);
  g_free (json);
}

/* --- looking things up --------------------------------------------------- */

const PenstockJsonNode *
penstock_json_get_root (const PenstockJson *json)
{
  return json->root;
}

const PenstockJsonNode *
penstock_json_member (const PenstockJsonNode *object, const gchar *key)
{
  const PenstockJsonNode *node;

  if (!object || object->type != PENSTOCK_JSON_OBJECT)
    return NULL;
  for (node = object->first; node; node = node->next)
    if (g_str_equal (node->key, key))
      return node;
  return NULL;
}

/* Reference tokens: "~1" is "/", "~0" is "~" (RFC 6901, 3 and 4). */
static gchar *
unescape_token (const gchar *token, gsize length)
{
  GString *out = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++) {
    if (token[i] == '~' && i + 1 < length &&
        (token[i + 1] == '0' || token[i + 1] == '1'))
      g_string_append_c (out, token[++i] == '1' ? '/' : '~');
    else
      g_string_append_c (out, token[i]);
  }
  return g_string_free (out, FALSE);
}

static const PenstockJsonNode *
element (const PenstockJsonNode *array, const gchar *token)
{
  const PenstockJsonNode *node;
  guint64 index;

  if (!g_ascii_string_to_unsigned (token, 10, 0, G_MAXUINT, &index, NULL))
    return NULL;
  for (node = array->first; node && node->index != index;)
    node = node->next;
  return node;
}

const PenstockJsonNode *
penstock_json_find (const PenstockJson *json, const gchar *pointer)
{
  const PenstockJsonNode *node = json->root;

  while (node && *pointer == '/') {
    gsize length = strcspn (++pointer, "/");
    g_autofree gchar *token = unescape_token (pointer, length);
    if (node->type == PENSTOCK_JSON_ARRAY)
      node = element (node, token);
    else
      node = penstock_json_member (node, token);
    pointer += length;
  }
  return *pointer == '\0' ? node : NULL;
}

static void
prepend_token (GString *pointer, const PenstockJsonNode *node)
{
  if (!node->key) {
    g_autofree gchar *index = g_strdup_printf ("/%u", node->index);
    g_string_prepend (pointer, index);
    return;
  }
  g_autoptr (GString) token = g_string_new (node->key);
  g_string_replace (token, "~", "~0", 0);
  g_string_replace (token, "/", "~1", 0);
  g_string_prepend_c (token, '/');
  g_string_prepend (pointer, token->str);
}

gchar *
penstock_json_node_pointer (const PenstockJsonNode *node)
{
  GString *pointer = g_string_new (NULL);

  for (; node->parent; node = node->parent)
    prepend_token (pointer, node);
  return g_string_free (pointer, FALSE);
}

gchar *
penstock_json_quote (const gchar *text, guint max)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_new ("\"");
  const gchar *p = valid;

  for (guint n = 0; *p && n < max; n++, p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (c == '"' || c == '\\')
      g_string_append_printf (out, "\\%c", (gchar) c);
    else if (g_unichar_iscntrl (c))
      g_string_append_printf (out, "\\u%04x", c);
    else
      g_string_append_unichar (out, c);
  }
  g_string_append (out, *p ? "...\"" : "\"");
  return g_string_free (out, FALSE);
}
