/* SPDX-License-Identifier: Apache-2.0 */
/* A file in the place of a plugin that writes the file named by PLANT_MARK as soon as it is loaded. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void leave_a_mark(void) {
  const char *path = getenv("PLANT_MARK");
  const int file = path != NULL ? open(path, O_CREAT | O_WRONLY, 0666) : -1;
  if (file >= 0) close(file);
}
