# Makes of each line of a text a C string, so that the text can be included where one is expected.
s/[\\"]/\\&/g
s/.*/"&\\n"/
