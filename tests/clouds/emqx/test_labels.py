"""Display labels, and what is made of them."""

import pytest

from clouds.emqx.labels import is_aws, one_line, principal_account, region_code, same_word


@pytest.mark.parametrize("label", ["AWS", "aws", " Aws ", "Amazon Web Services"])
def test_amazons_cloud_is_known_in_any_spelling(label: str) -> None:
    """The answer shows a label where the request takes a code."""
    assert is_aws(label)


@pytest.mark.parametrize("label", ["", "Azure", "Alibaba Cloud", "阿里云", "AWS China"])
def test_another_cloud_is_not_amazons(label: str) -> None:
    """What is not known to be AWS is not AWS."""
    assert not is_aws(label)


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("N. Virginia (us-east-1)", "us-east-1"),
        ("us-east-1", "us-east-1"),
        ("GovCloud (US) (us-gov-west-1)", "us-gov-west-1"),
        ("弗吉尼亚（us-east-1）", "us-east-1"),  # noqa: RUF001 - as the Chinese site writes them
        ("N. Virginia", None),
        ("East US (eastus)", None),
        ("us-east-1 or us-east-2", None),
        ("", None),
    ],
)
def test_a_region_is_read_or_not_at_all(label: str, code: str | None) -> None:
    """A label without a code is never guessed at."""
    assert region_code(label) == code


@pytest.mark.parametrize("word", ["Running", "RUNNING", " running "])
def test_words_are_compared_without_case(word: str) -> None:
    """One version of EMQX's page writes Running, another running."""
    assert same_word(word, "running")


@pytest.mark.parametrize("word", ["dedicatedFlex", "Dedicated Flex", "dedicated-flex", "DEDICATED_FLEX"])
def test_words_are_compared_without_spaces_and_hyphens(word: str) -> None:
    """A type may come as a code or as its label."""
    assert same_word(word, "dedicatedFlex")
    assert not same_word(word, "dedicated")


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:role/emqx",
        "arn:aws:iam::111122223333:user/em.qx+1=2,3@4_5-6",
        "arn:aws-cn:iam::111122223333:root",
    ],
)
def test_a_principal_without_a_path_has_an_account(arn: str) -> None:
    """Those can be allowed exactly."""
    assert principal_account(arn) == "111122223333"


@pytest.mark.parametrize(
    "arn",
    [
        "*",
        "",
        "111122223333",
        "arn:aws:iam::111122223333:role/emqx/deployment",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::*:root",
        "arn:aws:iam::1111222233334:root",
        "arn:aws:iam::١١١١٢٢٢٢٣٣٣٣:root",
        "arn:aws:sts::111122223333:assumed-role/emqx",
        "arn:aws:iam::111122223333:root\n",
    ],
)
def test_any_other_principal_has_none(arn: str) -> None:
    """AWS would take some of these, and then allow nobody or everybody."""
    assert principal_account(arn) is None


def test_a_clouds_text_fits_on_one_line() -> None:
    """Neither line breaks, control characters nor length break a sentence."""
    assert one_line(" a\n\tb\x1b[31m\u202ec ") == "a b [31m c"
    assert len(one_line("x" * 1000)) == 300
    assert one_line("x" * 300) == "x" * 300
