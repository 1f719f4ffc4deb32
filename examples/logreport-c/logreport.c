// Counts the errors of a log: see world.wit for what goes in and comes out.
//
// What the host gives belongs to us, and what we return belongs to whoever called: both are on the heap.
#include "logreport.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The names that are generated are long. These are all that this task needs of them.
typedef exports_example_logreport_task_params_t params_t;
typedef exports_example_logreport_task_report_t report_t;
typedef exports_example_logreport_task_failure_t failure_t;
typedef exports_example_logreport_task_mode_t run_mode_t;
typedef zymogen_task_files_error_t error_t;
typedef logreport_string_t string_t;
typedef logreport_list_u8_t bytes_t;

enum { LARGEST = 64 << 20, SHOWN = 5 };
enum level { NONE, ERROR, WARN, INFO, DEBUG };

static const char *const levels[] = {[ERROR] = "ERROR", [WARN] = "WARN", [INFO] = "INFO", [DEBUG] = "DEBUG"};

static bool is_word(const uint8_t *at, size_t length, const char *word) {
    return length == strlen(word) && memcmp(at, word, length) == 0;
}

// The first level that stands in a line as a word.
static enum level level_of(const uint8_t *line, const uint8_t *end) {
    while (line < end) {
        const uint8_t *word = line;
        while (line < end && (isalnum(*line) || *line == '_')) line++;
        for (enum level level = ERROR; level <= DEBUG; level++)
            if (is_word(word, line - word, levels[level])) return level;
        line++;
    }
    return NONE;
}

// A line as a text of the component model, which must be UTF-8. A log may have anything: what is not ASCII becomes `?`.
static string_t text_of(const uint8_t *line, size_t length) {
    string_t text;
    logreport_string_dup_n(&text, (const char *)line, length);
    for (size_t i = 0; i < length; i++)
        if (text.ptr[i] > 127) text.ptr[i] = '?';
    return text;
}

// The last `most` errors, oldest first: a new one pushes the oldest out.
static void remember(logreport_list_string_t *last, size_t most, string_t line) {
    if (most == 0) {
        logreport_string_free(&line);
        return;
    }
    if (last->len == most) {
        logreport_string_free(&last->ptr[0]);
        memmove(&last->ptr[0], &last->ptr[1], --last->len * sizeof line);
    } else {
        last->ptr = realloc(last->ptr, (last->len + 1) * sizeof line);
        if (last->ptr == NULL) abort();
    }
    last->ptr[last->len++] = line;
}

static void count(const bytes_t *log, size_t most, report_t *report) {
    const uint8_t *line = log->ptr, *end = log->ptr + log->len;
    while (line < end) {
        const uint8_t *stop = memchr(line, '\n', end - line);
        if (stop == NULL) stop = end;
        report->lines++;
        switch (level_of(line, stop)) {
            case ERROR:
                report->errors++;
                remember(&report->last_errors, most, text_of(line, stop - line));
                break;
            case WARN: report->warnings++; break;
            default: break;
        }
        line = stop + 1;
    }
}

// The failure that tells of an error of the host. Takes the error's text.
static failure_t failed(error_t *error) {
    failure_t failure = {.kind = ZYMOGEN_TASK_TYPES_FAILURE_KIND_IO};
    switch (error->tag) {
        case ZYMOGEN_TASK_FILES_ERROR_DENIED: failure.kind = ZYMOGEN_TASK_TYPES_FAILURE_KIND_DENIED; break;
        case ZYMOGEN_TASK_FILES_ERROR_NOT_FOUND: failure.kind = ZYMOGEN_TASK_TYPES_FAILURE_KIND_NOT_FOUND; break;
        case ZYMOGEN_TASK_FILES_ERROR_WRONG_KIND: failure.kind = ZYMOGEN_TASK_TYPES_FAILURE_KIND_CONFLICT; break;
        case ZYMOGEN_TASK_FILES_ERROR_TOO_LARGE:  // The one error without a text.
            failure.kind = ZYMOGEN_TASK_TYPES_FAILURE_KIND_UNSUPPORTED;
            logreport_string_dup(&failure.message, "the log has more than 64 MiB");
            return failure;
    }
    failure.message = error->val.io;
    return failure;
}

// The component's one export. False means that it failed.
bool exports_example_logreport_task_run(params_t *params, run_mode_t mode, report_t *report, failure_t *failure) {
    (void)mode;  // Nothing changes in either.
    bytes_t log;
    error_t error;
    bool found = zymogen_task_files_read(&params->path, LARGEST, &log, &error);
    if (found) {
        *report = (report_t){0};
        count(&log, params->show.is_some ? params->show.val : SHOWN, report);
        logreport_list_u8_free(&log);
        char summary[80];
        snprintf(summary, sizeof summary, "%llu errors in %llu lines", report->errors, report->lines);
        logreport_string_dup(&report->outcome.summary, summary);
    } else {
        *failure = failed(&error);
    }
    exports_example_logreport_task_params_free(params);
    return found;
}
