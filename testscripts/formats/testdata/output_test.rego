package gwc.user.output_test

test_prints_and_fails if {
	print("what is printed")
	1 == 2
}

todo_test_comes_later if true
