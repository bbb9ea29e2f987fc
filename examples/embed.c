/* SPDX-License-Identifier: MIT
 *
 * A gateway inside an application: runs the route map named on the command
 * line until the main loop ends. Build it against an installed Penstock with
 *   cc embed.c -o embed $(pkg-config --cflags --libs penstock-0.1 gstreamer-1.0)
 */

#include <gst/gst.h>
#include <penstock.h>

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (PenstockConfig) config = NULL;
  g_autoptr (PenstockServer) server = NULL;

  gst_init (&argc, &argv);
  if (argc != 2) {
    g_printerr ("Usage: %s ROUTES.json\n", argv[0]);
    return 2;
  }
  config = penstock_config_new_from_file (argv[1], &error);
  if (config)
    server = penstock_server_new (config);
  if (!server || !penstock_server_start (server, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  g_main_loop_run (loop);
  return 0;
}
