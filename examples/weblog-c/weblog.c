// Access logs, read as they come: see world.wit.
//
// Each function returns its streams first and goes on with them afterwards. It waits where it stands, so that one function
// runs at a time; C has the callbacks for more.
#include "weblog.h"

#include <stdlib.h>
#include <string.h>

// The names that are generated are long. These are all that this module needs of them.
#define PARSING(name) exports_zymogen_weblog_parsing_##name
#define TALLIES(name) exports_zymogen_weblog_tallies_##name
typedef PARSING(entry_t) entry_t;
typedef PARSING(result_u64_problem_t) total_t;
typedef weblog_waitable_status_t status_t;

enum { PIECE = 64 << 10, SOME = 64 };

// What came of reading or writing at an end, if need be later.
static status_t finished(uint32_t end, status_t status) {
    if (status != WEBLOG_WAITABLE_STATUS_BLOCKED) return status;
    weblog_waitable_set_t set = weblog_waitable_set_new();
    weblog_event_t event;
    weblog_waitable_join(end, set);
    weblog_waitable_set_wait(set, &event);
    weblog_waitable_join(end, 0);
    weblog_waitable_set_drop(set);
    return event.code;
}

static bool is_over(status_t status) { return WEBLOG_WAITABLE_STATE(status) == WEBLOG_WAITABLE_DROPPED; }

// Memory, or the end of the call: a guest that has none left has nothing to say either.
static void *some(void *memory) {
    if (memory == NULL) abort();
    return memory;
}

// A log that comes in pieces, a line at a time.
typedef struct {
    PARSING(stream_u8_t) log;
    uint8_t *bytes;
    size_t length, taken;
    bool is_over;
} lines_t;

static lines_t lines_of(PARSING(stream_u8_t) log) { return (lines_t){.log = log}; }

// The next line with its end, until the one after it is asked for. What has no end of line is a line at the end.
static bool next_line(lines_t *lines, const uint8_t **line, size_t *length) {
    size_t searched = 0;
    for (;;) {
        uint8_t *rest = lines->bytes + lines->taken;
        size_t left = lines->length - lines->taken;
        uint8_t *end = left > searched ? memchr(rest + searched, '\n', left - searched) : NULL;
        if (end != NULL || (lines->is_over && left > 0)) {
            *line = rest;
            *length = end != NULL ? (size_t)(end - rest) + 1 : left;
            lines->taken += *length;
            return true;
        }
        if (lines->is_over) return false;
        searched = left;
        if (left > 0) memmove(lines->bytes, rest, left);
        lines->bytes = some(realloc(lines->bytes, left + PIECE));
        status_t status = finished(lines->log, PARSING(stream_u8_read)(lines->log, lines->bytes + left, PIECE));
        lines->taken = 0;
        lines->length = left + WEBLOG_WAITABLE_COUNT(status);
        lines->is_over = is_over(status);
    }
}

static void end_lines(lines_t *lines) {
    PARSING(stream_u8_drop_readable)(lines->log);
    free(lines->bytes);
}

// A text of the component model must be UTF-8. A log may have anything: what is not ASCII becomes `?`.
static weblog_string_t text_of(const char *from, const char *to) {
    weblog_string_t text;
    weblog_string_dup_n(&text, from, (size_t)(to - from));
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] > 127) text.ptr[i] = '?';
    return text;
}

// A number of so many digits at most that ends at a space or with the line. Behind it is where reading goes on.
static bool number_of(const char **at, int most, uint64_t *number) {
    int digits = 0;
    for (*number = 0; **at >= '0' && **at <= '9'; (*at)++, digits++) {
        if (digits == most) return false;
        *number = *number * 10 + (uint64_t)(**at - '0');
    }
    return digits > 0 && strchr(" \r\n", **at) != NULL;
}

// An entry of the common log format: `192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 512`.
static bool entry_of(const char *line, entry_t *entry) {
    const char *space = strchr(line, ' ');
    const char *open = space != NULL ? strchr(space, '"') : NULL;
    const char *close = open != NULL ? strchr(open + 1, '"') : NULL;
    if (close == NULL) return false;
    const char *at = close + 1 + strspn(close + 1, " ");
    uint64_t status;
    if (!number_of(&at, 3, &status) || *at++ != ' ') return false;
    entry->status = (uint16_t)status;
    entry->size.is_some = *at != '-';
    // A length of 19 digits fits.
    if (entry->size.is_some && !number_of(&at, 19, &entry->size.val)) return false;
    entry->client = text_of(line, space);
    entry->request = text_of(open + 1, close);
    return true;
}

weblog_callback_code_t PARSING(parse)(PARSING(stream_u8_t) log) {
    PARSING(stream_entry_writer_t) entries;
    PARSING(future_result_u64_problem_writer_t) end;
    PARSING(tuple2_stream_entry_future_result_u64_problem_t) both;
    both.f0 = PARSING(stream_entry_new)(&entries);
    both.f1 = PARSING(future_result_u64_problem_new)(&end);
    PARSING(parse_return)(both);

    lines_t lines = lines_of(log);
    total_t total = {.is_err = false};
    uint64_t number = 0;
    const uint8_t *line;
    size_t length;
    bool is_wanted = true;
    while (is_wanted && !total.is_err && next_line(&lines, &line, &length)) {
        number++;
        char *text = some(strndup((const char *)line, length));
        entry_t entry;
        if (entry_of(text, &entry)) {
            is_wanted = !is_over(finished(entries, PARSING(stream_entry_write)(entries, &entry, 1)));
            PARSING(entry_free)(&entry);
        } else {
            total.is_err = true;
            total.val.err.tag = EXPORTS_ZYMOGEN_WEBLOG_PARSING_PROBLEM_MALFORMED;
            total.val.err.val.malformed = number;
        }
        free(text);
    }
    end_lines(&lines);
    if (!total.is_err) total.val.ok = number;
    PARSING(stream_entry_drop_writable)(entries);
    finished(end, PARSING(future_result_u64_problem_write)(end, &total));
    PARSING(future_result_u64_problem_drop_writable)(end);
    return WEBLOG_CALLBACK_CODE_EXIT;
}

// Writes all of them, however few are taken at once. False if nobody reads any more.
static bool write_all(PARSING(stream_u8_writer_t) writer, const uint8_t *bytes, size_t length) {
    while (length > 0) {
        status_t status = finished(writer, PARSING(stream_u8_write)(writer, bytes, length));
        if (is_over(status)) return false;
        bytes += WEBLOG_WAITABLE_COUNT(status);
        length -= WEBLOG_WAITABLE_COUNT(status);
    }
    return true;
}

weblog_callback_code_t PARSING(redact)(PARSING(stream_u8_t) log) {
    PARSING(stream_u8_writer_t) redacted;
    PARSING(redact_return)(PARSING(stream_u8_new)(&redacted));

    lines_t lines = lines_of(log);
    const uint8_t *line;
    size_t length;
    bool is_wanted = true;
    while (is_wanted && next_line(&lines, &line, &length)) {
        const uint8_t *space = memchr(line, ' ', length);
        size_t client = space != NULL ? (size_t)(space - line) : 0, keep = client;
        while (keep > 0 && line[keep - 1] != '.' && line[keep - 1] != ':') keep--;
        is_wanted = write_all(redacted, line, keep)
            && (keep == 0 || write_all(redacted, (const uint8_t *)"x", 1))
            && write_all(redacted, line + (keep > 0 ? client : 0), length - (keep > 0 ? client : 0));
    }
    end_lines(&lines);
    PARSING(stream_u8_drop_writable)(redacted);
    return WEBLOG_CALLBACK_CODE_EXIT;
}

weblog_callback_code_t PARSING(failures)(PARSING(stream_entry_t) entries) {
    PARSING(list_entry_t) found = {0};
    entry_t some_entries[SOME];
    status_t status;
    do {
        status = finished(entries, PARSING(stream_entry_read)(entries, some_entries, SOME));
        for (size_t i = 0; i < WEBLOG_WAITABLE_COUNT(status); i++) {
            if (some_entries[i].status < 400) {
                PARSING(entry_free)(&some_entries[i]);
                continue;
            }
            found.ptr = some(realloc(found.ptr, (found.len + 1) * sizeof *found.ptr));
            found.ptr[found.len++] = some_entries[i];
        }
    } while (!is_over(status));
    PARSING(stream_entry_drop_readable)(entries);
    PARSING(failures_return)(found);
    PARSING(list_entry_free)(&found);
    return WEBLOG_CALLBACK_CODE_EXIT;
}

// A resource is a pointer to whatever is here.
struct TALLIES(tally_t) {
    weblog_string_t name;
    uint64_t lines;
};

TALLIES(own_tally_t) TALLIES(constructor_tally)(weblog_string_t *name) {
    TALLIES(tally_t) *tally = some(malloc(sizeof *tally));
    *tally = (TALLIES(tally_t)){.name = *name};
    return TALLIES(tally_new)(tally);
}

void TALLIES(tally_destructor)(TALLIES(tally_t) *tally) {
    weblog_string_free(&tally->name);
    free(tally);
}

void TALLIES(method_tally_name)(TALLIES(borrow_tally_t) self, weblog_string_t *ret) {
    weblog_string_dup_n(ret, (const char *)self->name.ptr, self->name.len);
}

weblog_callback_code_t TALLIES(method_tally_add)(TALLIES(borrow_tally_t) self, PARSING(stream_u8_t) log) {
    lines_t lines = lines_of(log);
    const uint8_t *line;
    size_t length;
    while (next_line(&lines, &line, &length)) self->lines += line[length - 1] == '\n';
    end_lines(&lines);
    TALLIES(method_tally_add_return)(self->lines);
    return WEBLOG_CALLBACK_CODE_EXIT;
}

TALLIES(own_tally_t) TALLIES(static_tally_merge)(TALLIES(borrow_tally_t) first, TALLIES(borrow_tally_t) second) {
    const char and[] = " and ";
    size_t length = first->name.len + strlen(and) + second->name.len;
    TALLIES(tally_t) *both = some(malloc(sizeof *both));
    *both = (TALLIES(tally_t)){{some(malloc(length)), length}, first->lines + second->lines};
    memcpy(both->name.ptr, first->name.ptr, first->name.len);
    memcpy(both->name.ptr + first->name.len, and, strlen(and));
    memcpy(both->name.ptr + length - second->name.len, second->name.ptr, second->name.len);
    return TALLIES(tally_new)(both);
}

// Nothing of them is left to do: each waits where it stands.
#define NEVER_CALLED(function) \
    weblog_callback_code_t function(weblog_event_t *event) { (void)event; abort(); }
NEVER_CALLED(PARSING(parse_callback))
NEVER_CALLED(PARSING(redact_callback))
NEVER_CALLED(PARSING(failures_callback))
NEVER_CALLED(TALLIES(method_tally_add_callback))
