// Counts the errors of a log: see world.wit for what goes in and comes out.
//
// The package has the name of the interface that the component exports.
package export_example_logreport_task

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	. "go.bytecodealliance.org/pkg/wit/types"
	task "wit_component/example_logreport_task"
	files "wit_component/zymogen_task_files"
	contract "wit_component/zymogen_task_types"
)

const (
	largest = 64 << 20 // bytes of a log
	shown   = 5        // errors in a report
)

// Run is what the component exports.
func Run(params task.Params, _ task.Mode) Result[task.Report, task.Failure] {
	log := files.Read(params.Path, largest)
	if log.IsErr() {
		return Err[task.Report](failure(log.Err()))
	}
	report := count(log.Ok(), int(params.Show.SomeOr(shown)))
	report.Outcome.Summary = fmt.Sprintf("%d errors in %d lines", report.Errors, report.Lines)
	return Ok[task.Report, task.Failure](report)
}

func count(log []byte, most int) (report task.Report) {
	for line := range bytes.Lines(log) {
		report.Lines++
		switch level(line) {
		case "ERROR":
			report.Errors++
			report.LastErrors = append(report.LastErrors, text(line))
			if len(report.LastErrors) > most {
				report.LastErrors = report.LastErrors[1:]
			}
		case "WARN":
			report.Warnings++
		}
	}
	return report
}

// A line as a text of the component model, which must be UTF-8: a log may have anything.
func text(line []byte) string {
	return strings.ToValidUTF8(strings.TrimSuffix(string(line), "\n"), "\uFFFD")
}

// The first level in a line, as a word of its own.
func level(line []byte) string {
	for word := range bytes.FieldsFuncSeq(line, isBetweenWords) {
		switch word := string(word); word {
		case "ERROR", "WARN", "INFO", "DEBUG":
			return word
		}
	}
	return ""
}

func isBetweenWords(r rune) bool {
	return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// The failure that tells of an error of the host.
func failure(err files.Error) task.Failure {
	switch err.Tag() {
	case files.ErrorDenied:
		return task.Failure{Kind: contract.FailureKindDenied, Message: err.Denied()}
	case files.ErrorNotFound:
		return task.Failure{Kind: contract.FailureKindNotFound, Message: err.NotFound()}
	case files.ErrorWrongKind:
		return task.Failure{Kind: contract.FailureKindConflict, Message: err.WrongKind()}
	case files.ErrorTooLarge:
		message := fmt.Sprintf("the log has more than %d bytes", err.TooLarge())
		return task.Failure{Kind: contract.FailureKindUnsupported, Message: message}
	default:
		return task.Failure{Kind: contract.FailureKindIo, Message: err.Io()}
	}
}
