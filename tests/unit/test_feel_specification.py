"""The examples that the text of DMN 1.5 gives for FEEL (chapter 10.3), each as an expression that is true."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine import feel

NOW = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)

NUMBERS = """
decimal(1, 2) = 1.00
.25 + .2 = 0.45
.10 * 30.00 = 3.0000
1 + 3/2*2 - 2**3 = -4.0
1/3 = 0.3333333333333333333333333333333333
decimal(1/3, 2) = 0.33
1 = 1.000
1.01/2 = 0.505
decimal(0.505, 2) = 0.50
decimal(0.515, 2) = 0.52
1.0*10**3 = 1000.0
decimal(1.5, 0) = 2
decimal(2.5, 0) = 2
floor(1.5) = 1
floor(-1.56, 1) = -1.6
ceiling(1.5) = 2
ceiling(-1.56, 1) = -1.5
round up(5.5, 0) = 6
round up(-5.5, 0) = -6
round up(1.121, 2) = 1.13
round up(-1.126, 2) = -1.13
round down(5.5, 0) = 5
round down(-5.5, 0) = -5
round down(1.121, 2) = 1.12
round down(-1.126, 2) = -1.12
round half up(5.5, 0) = 6
round half up(-5.5, 0) = -6
round half up(1.121, 2) = 1.12
round half up(-1.126, 2) = -1.13
round half down(5.5, 0) = 5
round half down(-5.5, 0) = -5
round half down(1.121, 2) = 1.12
round half down(-1.126, 2) = -1.13
abs(10) = 10
abs(-10) = 10
abs(@"PT5H") = @"PT5H"
abs(@"-PT5H") = @"PT5H"
modulo(12, 5) = 2
modulo(-12, 5) = 3
modulo(12, -5) = -3
modulo(-12, -5) = -2
modulo(10.1, 4.5) = 1.1
modulo(-10.1, 4.5) = 3.4
modulo(10.1, -4.5) = -3.4
modulo(-10.1, -4.5) = -1.1
sqrt(16) = 4
round down(log(10), 11) = 2.30258509299
round down(exp(5), 12) = 148.413159102576
odd(5) = true
odd(2) = false
even(5) = false
even(2) = true
number("1 000,0", " ", ",") = number("1,000.0", ",", ".")
number("1.000.000,01", ".", ",") = 1000000.01
number(from: "1.000.000,01", decimal separator: ",", grouping separator: ".") = 1000000.01
string(1.1) = "1.1"
string(null) = null
"""
STRINGS = r"""
substring("foobar", 3) = "obar"
substring("foobar", 3, 3) = "oba"
substring("foobar", -2, 1) = "a"
substring("\U01F40Eab", 2) = "ab"
string length("foo") = 3
string length("\U01F40Eab") = 3
upper case("aBc4") = "ABC4"
lower case("aBc4") = "abc4"
substring before("foobar", "bar") = "foo"
substring before("foobar", "xyz") = ""
substring after("foobar", "ob") = "ar"
substring after("", "a") = ""
replace("banana", "a", "o") = "bonono"
replace("abcd", "(ab)|(a)", "[1=$1][2=$2]") = "[1=ab][2=]cd"
contains("foobar", "of") = false
contains(["foobar"], "of") = false
starts with("foobar", "fo") = true
ends with("foobar", "r") = true
matches("foobar", "^fo*b") = true
split("John Doe", "\\s") = ["John", "Doe"]
split("a;b;c;;", ";") = ["a", "b", "c", "", ""]
string join(["a", "b", "c"], "_and_") = "a_and_b_and_c"
string join(["a", "b", "c"], "") = "abc"
string join(["a", "b", "c"], null) = "abc"
string join(["a"], "X") = "a"
string join(["a", null, "c"], "X") = "aXc"
string join([], "X") = ""
string join(["a", "b", "c"]) = "abc"
string join(["a", null, "c"]) = "ac"
string join([]) = ""
"""
LISTS = """
list contains([1, 2, 3], 2) = true
count([1, 2, 3]) = 3
count([]) = 0
count([1, [2, 3]]) = 2
min([1, 2, 3]) = 1
max(1, 2, 3) = 3
min(1) = min([1])
max([]) = null
sum([1, 2, 3]) = 6
sum(1, 2, 3) = 6
sum(1) = 1
sum([]) = null
mean([1, 2, 3]) = 2
mean(1, 2, 3) = 2
mean(1) = 1
mean([]) = null
all([false, null, true]) = false
all(true) = all([true])
all([]) = true
all(0) = null
any([false, null, true]) = true
any(false) = false
any([]) = false
any(0) = null
sublist([4, 5, 6], 1, 2) = [4, 5]
append([1], 2, 3) = [1, 2, 3]
concatenate([1, 2], [3]) = [1, 2, 3]
insert before([1, 3], 1, 2) = [2, 1, 3]
remove([1, 2, 3], 2) = [1, 3]
reverse([1, 2, 3]) = [3, 2, 1]
index of([1, 2, 3, 2], 2) = [2, 4]
union([1, 2], [2, 3]) = [1, 2, 3]
distinct values([1, 2, 3, 2, 1]) = [1, 2, 3]
flatten([[1, 2], [[3]], 4]) = [1, 2, 3, 4]
product([2, 3, 4]) = 24
product([]) = null
product(2, 3, 4) = 24
median(8, 2, 5, 3, 4) = 4
median([6, 1, 2, 3]) = 2.5
median([]) = null
stddev(2, 4, 7, 5) = 2.081665999466132735282297706979931
stddev([47]) = null
stddev(47) = null
stddev([]) = null
mode(6, 3, 9, 6, 6) = [6]
mode([6, 1, 9, 6, 1]) = [1, 6]
mode([]) = []
list replace([2, 4, 7, 8], 3, 6) = [2, 4, 6, 8]
list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5) = [5, 5, 7, 8]
sort(list: [3, 1, 4, 5, 2], precedes: function(x, y) x < y) = [1, 2, 3, 4, 5]
[1, 2, 3, 4][item > 2] = [3, 4]
[{x: 1, y: 2}, {x: 2, y: 3}][x = 1] = [{x: 1, y: 2}]
[{x: 1, y: 2}, {x: null, y: 3}][x < 2] = [{x: 1, y: 2}]
[{x: 1, y: 2}, {x: 2, y: 3}].y = [2, 3]
[{a: {b: [1]}}, {a: {b: [2.1, 2.2]}}, {a: {b: [3]}}].a.b = [[1], [2.1, 2.2], [3]]
3[item > 2] = [3]
(for i in 0..4 return if i = 0 then 1 else i * partial[-1]) = [1, 1, 2, 6, 24]
"""
DATES = """
date("2012-12-25") - date("2012-12-24") = duration("P1D")
date(date and time("2012-12-25T11:00:00Z")) = date("2012-12-25")
date(2012, 12, 25) = date("2012-12-25")
date and time("2012-12-24T23:59:00") = date and time(date("2012-12-24"), time("23:59:00"))
date and time("2012-12-24T23:59:00") + duration("PT1M") = date and time("2012-12-25T00:00:00")
time("23:59:00Z") + duration("PT2M") = time("00:01:00@Etc/UTC")
time(date and time("2012-12-25T11:00:00Z")) = time("11:00:00Z")
time("23:59:00Z") = time(23, 59, 0, duration("PT0H"))
date and time("2012-12-24T23:59:00") - date and time("2012-12-22T03:45:00") = duration("P2DT20H14M")
duration("P2Y2M") = duration("P26M")
duration("P0DT25H") = duration("P1DT1H")
years and months duration(date("2011-12-22"), date("2013-08-24")) = duration("P1Y8M")
day of year(date(2019, 9, 17)) = 260
day of week(date(2019, 9, 17)) = "Tuesday"
month of year(date(2019, 9, 17)) = "September"
week of year(date(2019, 9, 17)) = 38
week of year(date(2003, 12, 29)) = 1
week of year(date(2004, 1, 4)) = 1
week of year(date(2005, 1, 1)) = 53
week of year(date(2005, 1, 3)) = 1
week of year(date(2005, 1, 9)) = 1
is(date("2012-12-25"), time("23:00:50")) = false
is(date("2012-12-25"), date("2012-12-25")) = true
is(time("23:00:50Z"), time("23:00:50")) = false
is(time("23:00:50Z"), time("23:00:50+00:00")) = true
"""
CONTEXTS = """
get value({key1: "value1"}, "key1") = "value1"
get value({key1: "value1"}, "unexistent-key") = null
get entries({k: 1, l: 2}) = [{key: "k", value: 1}, {key: "l", value: 2}]
get entries({key1: "value1"})[key = "key1"].value = ["value1"]
context([{key: "a", value: 1}, {key: "b", value: 2}]) = {a: 1, b: 2}
context([{key: "a", value: 1}, {key: "b", value: 2, something: "else"}]) = {a: 1, b: 2}
context([{key: "a", value: 1}, {key: "b"}]) = null
context put({x: 1}, "y", 2) = {x: 1, y: 2}
context put({x: 1, y: 0}, "y", 2) = {x: 1, y: 2}
string(context put({x: 1, y: 0, z: 0}, "y", 2)) = "{x: 1, y: 2, z: 0}"
context put({x: 1}, ["y"], 2) = {x: 1, y: 2}
context put({x: 1, y: {a: 0}}, ["y", "a"], 2) = {x: 1, y: {a: 2}}
context put({x: 1, y: {a: 0}}, [], 2) = null
context merge([{x: 1}, {y: 2}]) = {x: 1, y: 2}
context merge([{x: 1, y: 0}, {y: 2}]) = {x: 1, y: 2}
{isPositive: function(x) x > 0, isNotNegative: function(x) isPositive(x + 1), r: isNotNegative(0)}.r
[123] instance of list<number>
"abc" instance of string
not(123 instance of string)
(123 instance of list) = null
(< 10).end = 10 and (< 10).start = null and not((< 10).end included) and not((< 10).start included)
(<= 10).end included and (> 1).start = 1 and not((> 1).start included) and (> 1).end = null
[1..10].start included and not((1..10].start included)
"""
RANGES = """
before(1, 10)
not(before(10, 1))
not(before(1, [1..10]))
before(1, (1..10])
before(1, [5..10])
not(before([1..10], 10))
before([1..10), 10)
before([1..10], 15)
before([1..10], [15..20])
not(before([1..10], [10..20]))
before([1..10), [10..20])
before([1..10], (10..20])
after(10, 5)
not(after(5, 10))
after(12, [1..10])
after(10, [1..10))
not(after(10, [1..10]))
not(after([11..20], 12))
after([11..20], 10)
after((11..20], 11)
not(after([11..20], 11))
after([11..20], [1..10])
not(after([1..10], [11..20]))
after([11..20], [1..11))
after((11..20], [1..11])
meets([1..5], [5..10])
not(meets([1..5), [5..10]))
not(meets([1..5], (5..10]))
not(meets([1..5], [6..10]))
met by([5..10], [1..5])
not(met by([5..10], [1..5)))
not(met by((5..10], [1..5]))
not(met by([6..10], [1..5]))
overlaps([1..5], [3..8])
overlaps([3..8], [1..5])
overlaps([1..8], [3..5])
overlaps([3..5], [1..8])
not(overlaps([1..5], [6..8]))
not(overlaps([6..8], [1..5]))
overlaps([1..5], [5..8])
not(overlaps([1..5], (5..8]))
not(overlaps([1..5), [5..8]))
not(overlaps([1..5), (5..8]))
overlaps([5..8], [1..5])
not(overlaps((5..8], [1..5]))
not(overlaps([5..8], [1..5)))
not(overlaps((5..8], [1..5)))
overlaps before([1..5], [3..8])
not(overlaps before([1..5], [6..8]))
overlaps before([1..5], [5..8])
not(overlaps before([1..5], (5..8]))
not(overlaps before([1..5), [5..8]))
overlaps before([1..5), (1..5])
overlaps before([1..5], (1..5])
not(overlaps before([1..5), [1..5]))
not(overlaps before([1..5], [1..5]))
overlaps after([3..8], [1..5])
not(overlaps after([6..8], [1..5]))
overlaps after([5..8], [1..5])
not(overlaps after((5..8], [1..5]))
not(overlaps after([5..8], [1..5)))
overlaps after((1..5], [1..5))
overlaps after((1..5], [1..5])
not(overlaps after([1..5], [1..5)))
not(overlaps after([1..5], [1..5]))
finishes(10, [1..10])
not(finishes(10, [1..10)))
finishes([5..10], [1..10])
not(finishes([5..10), [1..10]))
finishes([5..10), [1..10))
finishes([1..10], [1..10])
finishes((1..10], [1..10])
finished by([1..10], 10)
not(finished by([1..10), 10))
finished by([1..10], [5..10])
not(finished by([1..10], [5..10)))
finished by([1..10), [5..10))
finished by([1..10], [1..10])
finished by([1..10], (1..10])
includes([1..10], 5)
not(includes([1..10], 12))
includes([1..10], 1)
includes([1..10], 10)
not(includes((1..10], 1))
not(includes([1..10), 10))
includes([1..10], [4..6])
includes([1..10], [1..5])
includes((1..10], (1..5])
includes([1..10], (1..10))
includes([1..10), [5..10))
includes([1..10], [1..10))
includes([1..10], (1..10])
includes([1..10], [1..10])
during(5, [1..10])
not(during(12, [1..10]))
during(1, [1..10])
during(10, [1..10])
not(during(1, (1..10]))
not(during(10, [1..10)))
during([4..6], [1..10])
during([1..5], [1..10])
during((1..5], (1..10])
during((1..10), [1..10])
during([5..10), [1..10))
during([1..10), [1..10])
during((1..10], [1..10])
during([1..10], [1..10])
starts(1, [1..10])
not(starts(1, (1..10]))
not(starts(2, [1..10]))
starts([1..5], [1..10])
starts((1..5], (1..10])
not(starts((1..5], [1..10]))
not(starts([1..5], (1..10]))
starts([1..10], [1..10])
starts([1..10), [1..10])
starts((1..10), (1..10))
started by([1..10], 1)
not(started by((1..10], 1))
not(started by([1..10], 2))
started by([1..10], [1..5])
started by((1..10], (1..5])
not(started by([1..10], (1..5]))
not(started by((1..10], [1..5]))
started by([1..10], [1..10])
started by([1..10], [1..10))
started by((1..10), (1..10))
coincides(5, 5)
not(coincides(3, 4))
coincides([1..5], [1..5])
not(coincides((1..5), [1..5]))
not(coincides([1..5], [2..6]))
range("[18..21)") = [18..21)
range("[2..]") = null
range("[2..)") = (>= 2)
range("(..2)") = (< 2)
range("") = null
range("[..]") = null
(function(x, y) y)(x: 1) = null
(for d in @"2021-01-01"..@"2021-01-03" return d.day) = [1, 2, 3]
range("[\\"a\\"..\\"c\\"]") = ["a".."c"]
range("[@\\"2026-01-01\\"..@\\"2026-02-01\\")").end = @"2026-02-01"
"""
EXAMPLES = [
    line
    for table in (NUMBERS, STRINGS, LISTS, DATES, CONTEXTS, RANGES)
    for line in table.splitlines()
    if line
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_of_the_specification_is_true(text: str) -> None:
    assert feel.evaluate(text, {}, NOW) is True
