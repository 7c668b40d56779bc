"""Decision requirements graphs: what is required is evaluated once; services, functions, imports, types."""

from __future__ import annotations

import unicodedata

from tests.deciding import (
    a_decision,
    a_function,
    a_model,
    a_service,
    a_table,
    a_type,
    an_input,
    decide,
    decide_with,
    result,
    text,
)

IMPORT = '<import name="{}" namespace="base" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'


def test_what_is_required_twice_is_evaluated_once_and_told_in_order() -> None:
    model = a_model(
        an_input("x"),
        a_decision("base", text("x + 1"), inputs=["x"]),
        a_decision("left", text("base * 2"), needs=["base"]),
        a_decision("right", text("base * 3"), needs=["base"]),
        a_decision("top", text("left + right"), needs=["left", "right"]),
    )

    outcome = decide("top", model, x=1)

    assert outcome.as_dict()["result"] == 10
    assert [one.decision for one in outcome.evaluations] == ["base", "left", "right", "top"]
    assert dict(outcome.evaluations[-1].inputs) == {"left": 4, "right": 6}


def test_a_decision_sees_nothing_that_it_does_not_require() -> None:
    model = a_model(an_input("x"), a_decision("top", text("x")))

    assert result("top", model, x=1) is None


def test_variables_that_no_element_is_named_after_are_seen_by_every_decision() -> None:
    model = a_model(a_decision("top", text("họ tên + người đề nghị.tên đơn vị")))

    given = {"họ tên": "An ", "người đề nghị": {"tên đơn vị": "P1"}}

    assert decide_with("top", given, model).as_dict()["result"] == "An P1"


def test_a_required_element_is_known_by_the_name_of_its_variable_too() -> None:
    model = a_model(
        an_input("age", "number").replace('name="age"', 'name="Age of the applicant"', 1),
        a_decision("grade", text("if age > 5 then 1 else 2"), inputs=["age"]).replace(
            'name="grade"', 'name="Grade, by age"', 1
        ),
        a_decision("top", text("grade + 1"), needs=["grade"]),
    )

    assert result("top", model, age=7) == 2
    assert decide_with("top", {"Age of the applicant": 7}, model).as_dict()["result"] == 2


def test_composed_and_decomposed_letters_are_the_same() -> None:
    model = a_model(
        an_input("điểm số", "number"), a_decision("kết quả", text("điểm số + 1"), inputs=["điểm số"])
    )
    decomposed = unicodedata.normalize("NFD", model.decode()).encode()

    for written in (model, decomposed):
        for name in ("điểm số", unicodedata.normalize("NFD", "điểm số")):
            assert decide_with("kết quả", {name: 1}, written).as_dict()["result"] == 2


def test_a_long_chain_of_requirements_is_no_deep_recursion() -> None:
    chain = [a_decision(f"d{n}", text(f"d{n - 1} + 1"), needs=[f"d{n - 1}"]) for n in range(1, 1_500)]

    assert result("d1499", a_model(a_decision("d0", text("0")), *chain)) == 1_499


def test_a_circle_is_an_error_that_names_it() -> None:
    model = a_model(a_decision("a", text("b"), needs=["b"]), a_decision("b", text("a"), needs=["a"]))

    outcome = decide("a", model)

    assert [error.rule for error in outcome.errors] == ["requirement-cycle"]
    assert "a → b → a" in outcome.errors[0].text("vi")


def test_all_evaluations_share_one_budget() -> None:
    costly = text("count(for i in 1..30000 return i)")
    many = [a_decision(f"d{n}", costly) for n in range(20)]
    top = a_decision("top", text("1"), needs=[f"d{n}" for n in range(20)])

    outcome = decide("top", a_model(*many, top))

    assert [error.rule for error in outcome.errors] == ["evaluation-limit"]
    assert outcome.result is None


def test_a_function_that_calls_itself_without_end_is_an_error() -> None:
    model = a_model(
        a_function("f", [("n", "number")], text("f(n + 1)")), a_decision("top", text("f(1)"), knows=["f"])
    )

    assert [error.rule for error in decide("top", model).errors] == ["evaluation-limit"]


def test_a_business_knowledge_model_is_a_function_with_what_it_requires() -> None:
    model = a_model(
        a_function("double", [("n", "number")], text("n * 2")),
        a_function("add", [("a", "number"), ("b", "number")], text("double(a) + b"), knows=["double"]),
        a_decision("top", text("add(b: 1, a: 2)"), knows=["add"]),
    )

    assert result("top", model) == 5
    assert result("add", model, a=3, b=4) == 10


def test_a_function_takes_its_types_from_the_type_of_its_variable() -> None:
    parts = '<parameters name="n" typeRef="number"/>'
    function_type = (
        f'<itemDefinition name="to text"><functionItem outputTypeRef="string">{parts}</functionItem>'
        "</itemDefinition>"
    )
    model = a_model(
        function_type,
        a_function("told", [("n", "")], text("string(n)"), gives="to text"),
        a_decision("top", text('[told(1), told([2]), told("3"), told instance of to text]'), knows=["told"]),
    )

    assert result("top", model) == ["1", "2", None, True]


def test_a_function_may_call_itself() -> None:
    body = text("if n <= 1 then 1 else n * factorial(n - 1)")
    model = a_model(
        a_function("factorial", [("n", "number")], body),
        a_decision("top", text("factorial(5)"), knows=["factorial"]),
    )

    assert result("top", model) == 120


def test_the_table_inside_a_function_is_told_with_the_decision() -> None:
    table = a_table(["n"], [""], ("> 1", '"many"'), ("-", '"one"'), hit="FIRST")
    model = a_model(
        a_function("size", [("n", "")], table), a_decision("top", text("size(3)"), knows=["size"])
    )

    outcome = decide("top", model)

    assert [(one.name, [hit.index for hit in one.hits]) for one in outcome.evaluations[0].tables] == [
        ("size", [1])
    ]


def test_a_service_takes_its_inputs_as_parameters_and_hides_what_is_outside() -> None:
    model = a_model(
        an_input("x"),
        a_decision("given", text("100")),
        a_decision("inner", text("x + given"), inputs=["x"], needs=["given"]),
        a_decision("outer", text("inner * 2"), needs=["inner"]),
        a_service("service", ["outer"], inputs=["x"], decisions=["given"], inside=["inner"]),
        a_decision("top", text("service(1, 2)"), knows=["service"]),
        a_decision("both", text("[service(1, 2), service(given: 5, x: 5)]"), knows=["service"]),
    )

    assert result("top", model) == 6
    assert result("both", model) == [6, 20]
    assert result("service", model, x=2, given=3) == 10


def test_a_service_with_several_outputs_gives_a_context() -> None:
    model = a_model(
        a_decision("one", text("1")), a_decision("two", text("2")), a_service("both", ["one", "two"])
    )

    assert result("both", model) == {"one": 1, "two": 2}


def test_a_service_inside_a_service_has_a_graph_of_its_own() -> None:
    model = a_model(
        an_input("x"),
        a_decision("square", text("x * x"), inputs=["x"]),
        a_service("squared", ["square"], inputs=["x"]),
        a_decision("sum", text("squared(x) + squared(x + 1)"), inputs=["x"], knows=["squared"]),
        a_service("summed", ["sum"], inputs=["x"]),
        a_decision("top", text("summed(2) + x"), inputs=["x"], knows=["summed"]),
        a_decision("after", text("top + x"), inputs=["x"], needs=["top"]),
    )

    assert result("top", model, x=100) == 113
    assert result("after", model, x=100) == 213


def test_an_imported_model_is_known_under_the_name_of_the_import() -> None:
    base = a_model(
        an_input("tuổi nghề"),
        a_type("grade", "string", allowed='"A", "B"'),
        a_decision("bậc", text('if tuổi nghề > 5 then "A" else "B"'), inputs=["tuổi nghề"]),
        a_function("double", [("n", "number")], text("n * 2")),
        namespace="base",
    )
    top = a_decision(
        "top",
        text("[cơ sở.bậc, cơ sở.double(4), cơ sở.tuổi nghề, cơ sở.bậc instance of cơ sở.grade]"),
        needs=["base#bậc"],
        inputs=["base#tuổi nghề"],
        knows=["base#double"],
    )
    main = a_model(IMPORT.format("cơ sở"), top)

    expected = ["A", 8, 7, True]
    assert decide_with("top", {"cơ sở": {"tuổi nghề": 7}}, main, base).as_dict()["result"] == expected
    assert decide_with("top", {"tuổi nghề": 7}, main, base).as_dict()["result"] == expected


def test_an_import_without_a_name_puts_its_names_into_the_model() -> None:
    base = a_model(a_decision("low", text("1")), namespace="base")
    main = a_model(IMPORT.format(""), a_decision("top", text("low + 1"), needs=["base#low"]))

    assert result("top", main, base) == 2


def test_models_of_one_namespace_stand_beside_each_other() -> None:
    first = a_model(a_decision("first", text("1")))
    second = a_model(a_decision("second", text("2")))

    assert (result("first", first, second), result("second", first, second)) == (1, 2)


def test_an_input_of_another_type_is_an_error_and_null() -> None:
    model = a_model(an_input("x", "number"), a_decision("top", text("x"), inputs=["x"]))

    outcome = decide("top", model, x="twelve")

    assert (outcome.result, [error.rule for error in outcome.errors]) == (None, ["wrong-type"])
    assert "number" in outcome.errors[0].text("vi")


def test_texts_become_dates_where_the_type_says_so() -> None:
    model = a_model(
        an_input("day", "date"),
        a_type("days", "date", collection=True),
        an_input("others", "days"),
        a_decision("top", text('[day + duration("P1D"), others[1].year]'), inputs=["day", "others"]),
    )

    outcome = decide("top", model, day="2026-10-01", others="2025-01-01")

    assert outcome.as_dict()["result"] == ["2026-10-02", 2025]


def test_a_value_and_a_list_of_one_stand_for_each_other() -> None:
    model = a_model(
        a_type("numbers", "number", collection=True),
        an_input("list", "numbers"),
        an_input("single", "number"),
        a_decision("top", text("[count(list), single]"), inputs=["list", "single"]),
    )

    assert result("top", model, list=7, single=[8]) == [1, 8]


def test_allowed_values_hold_inside_structures() -> None:
    structure = (
        '<itemDefinition name="person"><itemComponent name="grade"><typeRef>grade</typeRef></itemComponent>'
        "</itemDefinition>"
    )
    model = a_model(
        a_type("grade", "string", allowed='"A", "B"'),
        structure,
        an_input("who", "person"),
        a_decision("top", text("who.grade"), inputs=["who"]),
    )

    assert result("top", model, who={"grade": "A"}) == "A"
    assert [one.rule for one in decide("top", model, who={"grade": "C"}).errors] == ["value-not-allowed"]


def test_the_result_of_a_decision_must_be_of_its_type() -> None:
    model = a_model(a_decision("top", text('"text"'), gives="number"))

    assert [error.rule for error in decide("top", model).errors] == ["wrong-type"]


def test_an_expression_that_does_not_parse_is_an_error_only_where_it_is_evaluated() -> None:
    model = a_model(a_decision("bad", text("1 +")), a_decision("good", text("2")))

    assert result("good", model) == 2
    assert [error.rule for error in decide("bad", model).errors] == ["decision-expression"]
