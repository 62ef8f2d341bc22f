package main

import (
	"strconv"
	"strings"
	"time"
)

// stampLayout is how times are written.
const stampLayout = "2006-01-02 15:04:05"

// latest is the end of the year 9999.
const latest = 253402300799

// parseTime reads 2020-01-31, 2020-01-31 13:00, 2020-01-31T13:00:00Z or seconds since 1970.
func parseTime(text string) (int64, bool) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return seconds, seconds >= -latest && seconds <= latest
	}
	text = strings.Replace(strings.TrimSuffix(text, "Z"), "T", " ", 1)
	if found, err := time.Parse("2006-1-2", text); err == nil {
		return found.Unix(), true
	}
	for _, layout := range []string{"2006-1-2 15:4", "2006-1-2 15:4:5"} {
		for _, zone := range []string{"", "-07:00", "-0700", "-07"} {
			if found, err := time.Parse(layout+zone, text); err == nil {
				return found.Unix(), true
			}
		}
	}
	return 0, false
}

// stamp writes 2020-01-31 13:00:00.
func stamp(seconds int64) string {
	return time.Unix(seconds, 0).UTC().Format(stampLayout)
}

// after gives the time some steps later; a step is a number of seconds, or of calendar months where seconds is 0.
func after(seconds int64, stepSeconds, stepMonths, steps int) int64 {
	if stepSeconds != 0 {
		return seconds + int64(stepSeconds)*int64(steps)
	}
	at := time.Unix(seconds, 0).UTC()
	return time.Date(at.Year(), at.Month()+time.Month(stepMonths*steps), 1, 0, 0, 0, 0, time.UTC).Unix()
}
