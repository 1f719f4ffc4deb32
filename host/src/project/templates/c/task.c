// Keeps a greeting in a file: see world.wit for what goes in and comes out.
//
// What the host gives belongs to us, and what we return belongs to whoever called: both are on the heap.
#include "module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The names that are generated are long. These are all that this task needs of them.
typedef exports_local_{{ident}}_task_params_t params_t;
typedef exports_local_{{ident}}_task_report_t report_t;
typedef exports_local_{{ident}}_task_failure_t failure_t;
typedef exports_local_{{ident}}_task_mode_t run_mode_t;
typedef zymogen_task_files_error_t error_t;
typedef zymogen_task_types_change_t change_t;
typedef module_string_t string_t;
typedef module_list_u8_t bytes_t;

enum { LARGEST = 64 << 10 };

// Memory that there must be.
static void *need(void *memory) {
    if (memory == NULL) abort();
    return memory;
}

static string_t greeting(const params_t *params) {
    const char *name = "World";
    int length = 5;
    if (params->name.is_some) {
        name = (const char *)params->name.val.ptr;
        length = (int)params->name.val.len;
    }
    size_t size = (size_t)length + sizeof "Hello, !\n";
    char *text = need(malloc(size));
    string_t made = {.ptr = (uint8_t *)text, .len = (size_t)snprintf(text, size, "Hello, %.*s!\n", length, name)};
    return made;
}

// The failure that tells of an error of the host. Takes the error's text.
static failure_t failed(error_t *error) {
    failure_t failure = {.kind = ZYMOGEN_TASK_TYPES_FAILURE_KIND_IO};
    switch (error->tag) {
        case ZYMOGEN_TASK_FILES_ERROR_DENIED: failure.kind = ZYMOGEN_TASK_TYPES_FAILURE_KIND_DENIED; break;
        case ZYMOGEN_TASK_FILES_ERROR_NOT_FOUND: failure.kind = ZYMOGEN_TASK_TYPES_FAILURE_KIND_NOT_FOUND; break;
        case ZYMOGEN_TASK_FILES_ERROR_WRONG_KIND: failure.kind = ZYMOGEN_TASK_TYPES_FAILURE_KIND_CONFLICT; break;
        case ZYMOGEN_TASK_FILES_ERROR_TOO_LARGE:  // The one error without a text.
            failure.kind = ZYMOGEN_TASK_TYPES_FAILURE_KIND_CONFLICT;
            module_string_dup(&failure.message, "the file has more than 64 KiB");
            return failure;
    }
    failure.message = error->val.io;
    return failure;
}

// What is there, if anything. False means that it cannot be read.
static bool current(string_t *path, bytes_t *before, bool *exists, error_t *error) {
    zymogen_task_files_option_metadata_t found;
    if (!zymogen_task_files_stat(path, &found, error)) return false;
    *exists = found.is_some;
    zymogen_task_files_option_metadata_free(&found);
    return !*exists || zymogen_task_files_read(path, LARGEST, before, error);
}

// The component's one export. False means that it failed.
bool exports_local_{{ident}}_task_run(params_t *params, run_mode_t mode, report_t *report, failure_t *failure) {
    string_t wanted = greeting(params);
    bytes_t before = {0};
    bool exists;
    error_t error;
    if (!current(&params->path, &before, &exists, &error)) {
        *failure = failed(&error);
        return false;
    }
    *report = (report_t){0};
    if (exists && before.len == wanted.len && memcmp(before.ptr, wanted.ptr, wanted.len) == 0) {
        module_string_dup(&report->outcome.summary, "greeted already");
        return true;
    }
    if (mode == ZYMOGEN_TASK_TYPES_MODE_APPLY) {
        zymogen_task_files_content_t content = {.tag = ZYMOGEN_TASK_FILES_CONTENT_BYTES};
        content.val.bytes = (bytes_t){wanted.ptr, wanted.len};
        zymogen_task_files_attributes_t attributes = {0};
        if (!zymogen_task_files_replace(&params->path, &content, &attributes, &error)) {
            *failure = failed(&error);
            return false;
        }
    }
    change_t *change = need(calloc(1, sizeof *change));
    module_string_dup_n(&change->subject, (const char *)params->path.ptr, params->path.len);
    change->before.is_some = exists;
    change->before.val = (string_t){before.ptr, before.len};
    change->after.is_some = true;
    change->after.val = wanted;
    report->outcome.changed = true;
    module_string_dup(&report->outcome.summary, "greeted");
    report->outcome.changes.ptr = change;
    report->outcome.changes.len = 1;
    return true;
}
