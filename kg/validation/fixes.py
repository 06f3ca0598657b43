"""What to do about a result: as its message says, else as its kind of constraint suggests."""

from typing import Final

# What to do about each kind of constraint, where the message of the shape says only what is wrong. Source: SHACL §4.
_FIXES: Final = {
    "MinCount": "Add a value of {path}.",
    "QualifiedMinCount": "Add a value of {path} of the kind that is asked for.",
    "MaxCount": "Delete what is too much of {path}.",
    "QualifiedMaxCount": "Delete what is too much of {path}.",
    "Class": "Give {path} a thing of the class that is asked for, or say that it is of that class.",
    "Datatype": "Write the value with the datatype that is asked for.",
    "NodeKind": "Give an IRI where a thing is asked for, and a text in quotes where a text is.",
    "Pattern": "Write the value in the form that is asked for.",
    "MinLength": "Write a longer text.",
    "MaxLength": "Write a shorter text.",
    "LanguageIn": "Use one of the languages that are allowed.",
    "UniqueLang": "Keep one text of each language.",
    "In": "Take one of the values that are allowed.",
    "HasValue": "Add the value that is asked for.",
    "Closed": "Delete the statement, or use a property that this kind of thing has.",
    "MinInclusive": "Give a larger value.",
    "MinExclusive": "Give a larger value.",
    "MaxInclusive": "Give a smaller value.",
    "MaxExclusive": "Give a smaller value.",
    "LessThan": "Correct one of the two values, so that the first is before the second.",
    "LessThanOrEquals": "Correct one of the two values, so that the first is not after the second.",
    "Equals": "Give both properties the same values.",
    "Disjoint": "Delete the value from one of the two properties.",
}


def rule_and_fix(message: str, *, component: str, path_label: str) -> tuple[str, str]:
    """What is wrong and what to do: the two halves of a message that has both, as the messages of shapes should.

    What to do is empty where nothing better can be said than what is wrong.

    >>> rule_and_fix("It has no name; give it one.", component="MinCountConstraintComponent", path_label="ex:name")
    ('It has no name.', 'Give it one.')
    >>> rule_and_fix("It has a name.", component="MinCountConstraintComponent", path_label="ex:name")
    ('It has a name.', 'Add a value of ex:name.')
    """
    rule, semicolon, fix = message.rpartition("; ")
    if semicolon:
        return f"{rule}.", f"{fix[:1].upper()}{fix[1:]}"
    kind = component.removesuffix("ConstraintComponent")
    return message, _FIXES.get(kind, "").format(path=path_label or "the property")
