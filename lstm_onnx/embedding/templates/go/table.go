package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// table reads CSV with a header line: cells separated by comma, semicolon or tab; empty cells, NA, NaN and null are
// missing.
type table struct {
	input  *bufio.Reader
	mark   string
	header []string
	cells  []string
	line   int // the one that was read last, from 1
}

// newTable reads the header.
func newTable(input io.Reader) (*table, error) {
	t := &table{input: bufio.NewReader(input), mark: ","}
	text, err := t.nextLine()
	if err == io.EOF {
		return nil, errors.New("standard input is empty: give a table, its first line the names of the columns")
	}
	if err != nil {
		return nil, err
	}
	text = strings.TrimPrefix(text, "\ufeff")
	for _, mark := range []string{";", "\t"} {
		if strings.Count(text, mark) > strings.Count(text, t.mark) {
			t.mark = mark
		}
	}
	t.header = split(text, t.mark)
	return t, nil
}

// next reads the next row that is not blank; io.EOF at the end.
func (t *table) next() error {
	text, err := t.nextLine()
	if err != nil {
		return err
	}
	t.cells = split(text, t.mark)
	if len(t.cells) != len(t.header) {
		return t.refuse("has %d cells, and the header has %d", len(t.cells), len(t.header))
	}
	return nil
}

func (t *table) nextLine() (string, error) {
	for {
		text, err := readLine(t.input)
		if err != nil {
			return "", err
		}
		t.line++
		if strings.TrimSpace(text) != "" {
			return text, nil
		}
	}
}

// readLine reads a line without its end; io.EOF after the last.
func readLine(input *bufio.Reader) (string, error) {
	text, err := input.ReadString('\n')
	if err != nil && (err != io.EOF || text == "") {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"), nil
}

// column finds a column by its name.
func (t *table) column(name string) (int, error) {
	for place, column := range t.header {
		if column == name {
			return place, nil
		}
	}
	return 0, t.refuse("there is no column '%s'", name)
}

// number gives the number in a column, NaN where it is missing.
func (t *table) number(column int, mayBeMissing bool) (float64, error) {
	cell, number := t.cells[column], math.NaN()
	switch cell {
	case "", "NA", "NaN", "nan", "null":
	default:
		var err error
		// what is too large for a float64 is infinite, and no error
		if number, err = strconv.ParseFloat(cell, 64); errors.Is(err, strconv.ErrSyntax) {
			return 0, t.refuseCell(column, "is not a number; leave the cell empty where it is missing")
		}
	}
	if !mayBeMissing && (math.IsNaN(number) || math.IsInf(number, 0)) {
		return 0, t.refuseCell(column, "is no finite number, which this model needs")
	}
	return number, nil
}

// time gives the time in a column, as seconds since 1970.
func (t *table) time(column int) (int64, error) {
	seconds, ok := parseTime(t.cells[column])
	if !ok {
		return 0, t.refuseCell(column, "is no time; write it as 2020-01-31 13:00")
	}
	return seconds, nil
}

// refuse says why the line that was read last cannot be used.
func (t *table) refuse(why string, details ...any) error {
	return fmt.Errorf("line %d: %s", t.line, fmt.Sprintf(why, details...))
}

func (t *table) refuseCell(column int, why string) error {
	return t.refuse("column '%s': '%s' %s", t.header[column], t.cells[column], why)
}

// split cuts a line into cells; a cell in quotes may hold the mark, and a quote written twice.
func split(line, mark string) []string {
	var cells []string
	var cell strings.Builder
	quoted := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == mark[0] && !quoted:
			cells = append(cells, strings.TrimSpace(cell.String()))
			cell.Reset()
		case c == '"' && quoted && i+1 < len(line) && line[i+1] == '"':
			cell.WriteByte(c)
			i++
		case c == '"' && (quoted || cell.Len() == 0):
			quoted = !quoted
		default:
			cell.WriteByte(c)
		}
	}
	return append(cells, strings.TrimSpace(cell.String()))
}
