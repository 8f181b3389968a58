/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "runner.h"

const cJSON *optional_member(const cJSON *object, const char *name) {
  return cJSON_GetObjectItemCaseSensitive(object, name);
}

const cJSON *member(const cJSON *object, const char *name) {
  const cJSON *item = optional_member(object, name);
  if (item == NULL) fail_msg("the case has no \"%s\"", name);
  return item;
}

const char *text_member(const cJSON *object, const char *name) {
  const cJSON *item = member(object, name);
  if (!cJSON_IsString(item)) fail_msg("\"%s\" is no text", name);
  return item->valuestring;
}

int64_t integer_of(const cJSON *item) {
  if (cJSON_IsString(item)) {
    char *end = NULL;
    errno = 0;
    const int64_t value = strtoll(item->valuestring, &end, 10);
    if (errno != 0 || *end != '\0' || end == item->valuestring) fail_msg("\"%s\" is no integer", item->valuestring);
    return value;
  }
  if (!cJSON_IsNumber(item)) fail_msg("an integer is expected");
  const int64_t value = (int64_t)item->valuedouble;
  if ((double)value != item->valuedouble || value >= INT64_C(1) << 53 || value <= -(INT64_C(1) << 53))
    fail_msg("%g is no integer that a JSON number holds", item->valuedouble);
  return value;
}

int64_t integer_member(const cJSON *object, const char *name) { return integer_of(member(object, name)); }

int64_t optional_integer_member(const cJSON *object, const char *name, int64_t otherwise) {
  const cJSON *item = optional_member(object, name);
  return item == NULL ? otherwise : integer_of(item);
}

int32_t choice_member(const cJSON *object, const char *name, const char *const *words, int32_t count) {
  const char *text = text_member(object, name);
  for (int32_t i = 0; i < count; ++i)
    if (strcmp(text, words[i]) == 0) return i;
  fail_msg("\"%s\" is \"%s\", which the runner does not know", name, text);
  return -1;
}

int32_t integers_member(const cJSON *object, const char *name, int64_t *values, int32_t capacity) {
  const cJSON *items = member(object, name), *item;
  if (!cJSON_IsArray(items)) fail_msg("\"%s\" is no list", name);
  int32_t count = 0;
  cJSON_ArrayForEach(item, items) {
    if (count == capacity) fail_msg("\"%s\" has more than %d entries", name, (int)capacity);
    values[count++] = integer_of(item);
  }
  return count;
}

void allow_members(const cJSON *object, const char *names) {
  const cJSON *item;
  cJSON_ArrayForEach(item, object) {
    char word[64];
    snprintf(word, sizeof word, "%s ", item->string);
    const char *found = names;
    while ((found = strstr(found, word)) != NULL && found != names && found[-1] != ' ') ++found;
    if (found == NULL) fail_msg("the runner does not know the member \"%s\"", item->string);
  }
}

cJSON *read_vectors(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return NULL;
  }
  size_t size = 0, capacity = 1 << 20;
  char *text = malloc(capacity);
  while (text != NULL && !feof(file) && !ferror(file)) {
    if (size == capacity) text = realloc(text, capacity *= 2);
    if (text != NULL) size += fread(text + size, 1, capacity - size, file);
  }
  fclose(file);
  cJSON *vectors = text != NULL ? cJSON_ParseWithLength(text, size) : NULL;
  free(text);
  const cJSON *format = cJSON_GetObjectItemCaseSensitive(vectors, "format");
  const cJSON *cases = cJSON_GetObjectItemCaseSensitive(vectors, "cases");
  if (cJSON_IsNumber(format) && format->valueint == 1 && cJSON_IsArray(cases) && cJSON_GetArraySize(cases) > 0)
    return vectors;
  fprintf(stderr, "%s: no vectors of format 1, or no cases\n", path);
  cJSON_Delete(vectors);
  return NULL;
}
