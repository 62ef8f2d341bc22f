module example.com/vowels

go 1.18
