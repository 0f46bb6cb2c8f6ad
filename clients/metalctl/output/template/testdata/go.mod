module template

go 1.25

require github.com/go-task/slim-sprig/v3 v3.0.0
