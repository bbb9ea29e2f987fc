/* SPDX-License-Identifier: MIT
 *
 * Input `launch`: any bin description in gst-launch-1.0's language that ends in
 * encoded pads. Runs whatever it says in our process, so the configuration has
 * to allow it. */

#include "../penstock-error.h"
#include "input-problem.h"
#include "input.h"

static void
link_late_pad (GstElement *bin, GstPad *pad, gpointer sink)
{
  g_autoptr (GstObject) pipeline = gst_object_get_parent (GST_OBJECT (bin));

  if (pipeline && GST_PAD_IS_SRC (pad))
    penstock_input_link_pad (GST_BIN (pipeline), sink, pad);
}

/* Pads that are open now become pads of the bin. */
static guint
expose_pads (GstElement *bin)
{
  guint n = 0;

  for (;;) {
    g_autoptr (GstPad) pad =
        gst_bin_find_unlinked_pad (GST_BIN (bin), GST_PAD_SRC);
    if (!pad)
      return n;
    g_autofree gchar *name = g_strdup_printf ("src_%u", n++);
    gst_element_add_pad (bin, gst_ghost_pad_new (name, pad));
  }
}

/* Pads that appear later (of demuxers) do, too. */
static void
expose_late_pad (GstElement *element, GstPad *pad, gpointer bin)
{
  if (!GST_PAD_IS_SRC (pad) || gst_pad_is_linked (pad))
    return;
  GstPad *ghost = gst_ghost_pad_new (NULL, pad);
  gst_pad_set_active (ghost, TRUE);
  gst_element_add_pad (bin, ghost);
}

static guint
expose_future_pads (GstElement *bin)
{
  g_autoptr (GstIterator) elements = gst_bin_iterate_elements (GST_BIN (bin));
  g_auto (GValue) item = G_VALUE_INIT;
  guint n = 0;

  while (gst_iterator_next (elements, &item) == GST_ITERATOR_OK) {
    GstElement *element = g_value_get_object (&item);
    GList *templates = gst_element_class_get_pad_template_list (
        GST_ELEMENT_GET_CLASS (element));
    for (GList *l = templates; l; l = l->next) {
      GstPadTemplate *template = l->data;
      if (GST_PAD_TEMPLATE_DIRECTION (template) != GST_PAD_SRC ||
          GST_PAD_TEMPLATE_PRESENCE (template) != GST_PAD_SOMETIMES)
        continue;
      n++;
      g_signal_connect_object (
          element, "pad-added", G_CALLBACK (expose_late_pad), bin, 0);
      break;
    }
    g_value_reset (&item);
  }
  return n;
}

static GstElement *
parse (const gchar *description, GError **error)
{
  g_autoptr (GError) parse_error = NULL;
  GstElement *bin = gst_parse_bin_from_description_full (description, FALSE,
      NULL, GST_PARSE_FLAG_FATAL_ERRORS | GST_PARSE_FLAG_PLACE_IN_BIN,
      &parse_error);

  if (bin)
    return bin;
  g_autofree gchar *text = penstock_input_mask_text (parse_error->message);
  g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG,
      "the description: %s", text);
  return NULL;
}

static gboolean
build_launch (const PenstockInputBuild *input, GError **error)
{
  GstElement *bin = parse (input->config->launch, error);

  if (!bin)
    return FALSE;
  gst_bin_add (input->pipeline, bin);
  g_autoptr (GstPad) open =
      gst_bin_find_unlinked_pad (GST_BIN (bin), GST_PAD_SINK);
  if (open) {
    g_autoptr (GstElement) parent = gst_pad_get_parent_element (open);
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG,
        "the description: nothing is linked to %s of %s", GST_PAD_NAME (open),
        GST_OBJECT_NAME (parent));
    return FALSE;
  }
  guint n = expose_pads (bin) + expose_future_pads (bin);
  if (n == 0) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_CONFIG,
        "the description: no source pad is left open for the gateway");
    return FALSE;
  }
  for (GList *l = bin->srcpads; l; l = l->next)
    penstock_input_link_pad (input->pipeline, input->sink, l->data);
  g_signal_connect_object (
      bin, "pad-added", G_CALLBACK (link_late_pad), input->sink, 0);
  return TRUE;
}

const PenstockInputType penstock_input_launch = {
  .name = "launch",
  .build = build_launch,
};
