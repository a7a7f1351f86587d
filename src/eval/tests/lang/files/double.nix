# Doubles a number.
x: x * 2
