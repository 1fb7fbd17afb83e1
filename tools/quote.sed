# Makes every line a string of C, with its end.
s/[\\"]/\\&/g
s/.*/"&\\n"/
