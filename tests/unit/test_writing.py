"""Answers are found under whatever students write above them."""

from __future__ import annotations

import pytest

from harness import rubric
from harness.documents import decoded
from harness.errors import UsageError
from harness.headlines import topic_of
from harness.writing import plain, read_answers

TOPICS = [topic.id for topic in rubric.load().topic]
TEXTS = {
    "sagemaker-value": (
        "Scientists train and deploy a model from one notebook and forget about the infrastructure below it. Tuning, "
        "labelling and monitoring are a few lines each, so experiments end in an endpoint that others can call."
    ),
    "pros-cons": (
        "Good sides first: advantages are managed training, easy scaling and billing by the second. On the other hand "
        "there are disadvantages, for endpoints left running are expensive, and code ends up locked in to one vendor."
    ),
    "integration": (
        "A Lambda function invokes the endpoint whenever somebody calls; S3 stores what training reads and writes. "
        "With operators for EKS a cluster starts jobs by itself, and roles decide which of these may touch the data."
    ),
    "algorithms": (
        "Use XGBoost for tabular classification because it rarely disappoints. Without labels, k-means finds groups of "
        "similar rows. DeepAR learns from hundreds of related series at once and is meant for forecasting demand."
    ),
    "other-clouds": (
        "Google offers Vertex AI, which joins notebooks, pipelines and serving. Microsoft has Azure Machine Learning "
        "with a designer for people who prefer boxes and arrows, and IBM sells Watson Studio to large enterprises."
    ),
}
QUESTIONS = {
    "sagemaker-value": "How can Sagemaker help Data Scientists",
    "pros-cons": "Advantages/Disadvantages of Sagemaker",
    "integration": "Integration of Sagemaker with other AWS services such as Lambda functions, Kubernetes etc.,",
    "algorithms": "When to use what algorithms",
    "other-clouds": (
        "What are other ML services available from other cloud service providers such as Google, Microsoft, IBM?"
    ),
}
FORMS = {
    "headings": "## {question}\n\n{text}\n",
    "headings with a stroke": "{question}\n---\n\n{text}\n",
    "headings without blank lines": "### {number}. {question}\n{text}\n",
    "bold lines": "**{question}**\n\n{text}\n",
    "bold and on the same line": "**{question}:** {text}\n",
    "numbered bold": "{number}. **{question}**\n   {text}\n",
    "numbers only": "## Question {number}\n\n{text}\n",
    "short numbers": "**Q{number}.** {text}\n",
    "list of questions": "- {question}\n\n  {text}\n",
    "plain numbered lines": "{number}. {question}\n\n{text}\n",
    "question marks": "{question}?\n{text}\n",
    "Q and A": "Q{number}: {question}\nA{number}: {text}\n",
    "question and answer": "Question {number}: {question}\n\nAnswer: {text}\n",
    "a heading each": "### Question {number}\n{question}\n\n### Answer\n{text}\n",
    "nested bullets": "* **{question}**\n    * {text}\n",
    "indented": "{number}. {question}\n\n    {text}\n",
    "rows of a table": "| {number} | {question} | {text} |",
    "headings of HTML": "<h2>{question}</h2>\n\n{text}\n",
    "HTML": "<h2>{question}</h2>\n<p>{text}</p>\n",
    "details": "<details><summary>{question}</summary>\n\n{text}\n\n</details>\n",
    "underlined by tildes": "{question}\n~~~~~~~~~~~~~~~~\n\n{text}\n",
}


def answers(directory, content: str, name: str = "answers.md"):
    (directory / name).parent.mkdir(exist_ok=True)
    (directory / name).write_text(content, encoding="utf-8")
    return read_answers(directory, rubric.load())


NUMBERS = {
    "numbers": "{number}. {text}\n",
    "numbers in brackets": "({number}) {text}\n",
    "answers with numbers": "Answer {number}:\n{text}\n",
    "short numbers": "A{number}. {text}\n",
}


def document(form: str, topics=TOPICS, head: str = "") -> str:
    parts = [form.format(question=QUESTIONS[t], number=TOPICS.index(t) + 1, text=TEXTS[t]) for t in topics]
    return head + "\n".join(parts)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    "head", ["", "# HW02: Docker and Cloud ML Services, Sagemaker\n\nMy answers.\n\n"], ids=["", "title"]
)
def test_all_answers_are_found_in_every_form(tmp_path, form, head):
    found = answers(tmp_path, document(form, head=head))
    assert {topic: found.about(topic).objection(30) for topic in TOPICS} == dict.fromkeys(TOPICS, "")
    assert found.about("pros-cons").sides == ("advantage", "disadvantage")
    assert found.about("integration").services == ("Lambda", "S3", "EKS and Kubernetes")
    assert len(found.about("algorithms").algorithms) == 3
    assert found.about("other-clouds").providers_with_service == ("Google", "Microsoft", "IBM")
    assert "Vertex" not in found.about("algorithms").text


@pytest.mark.parametrize("form", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("listed", [False, True], ids=["", "questions first"])
def test_answers_that_have_only_numbers_are_found(tmp_path, form, listed):
    questions = "".join(f"{number}. {QUESTIONS[topic]}\n" for number, topic in enumerate(TOPICS, 1))
    found = answers(tmp_path, document(form, head=f"# Questions\n{questions}\n# Answers\n\n" if listed else ""))
    assert {topic: found.about(topic).objection(30) for topic in TOPICS} == dict.fromkeys(TOPICS, "")


def test_question_that_an_editor_broke_is_one(tmp_path):
    content = document(FORMS["plain numbered lines"]).replace("from other cloud service", "from other\ncloud service")
    assert answers(tmp_path, content).about("other-clouds").objection(30) == ""


def test_question_repeated_below_its_number_is_no_answer(tmp_path):
    content = document("## Question {number}\n\n{question}\n\nAll of it works well with all the rest. {text}\n")
    found = answers(tmp_path, content.replace(TEXTS["integration"], "It just works, " * 20))
    assert found.about("integration").services == ()
    assert not found.about("algorithms").objection(30)


@pytest.mark.parametrize("form", ["rows of a table", "HTML", "nested bullets"])
def test_questions_and_answers_of_any_markup_are_kept_apart(tmp_path, form):
    found = answers(tmp_path, document(FORMS[form]))
    assert "Vertex" not in found.about("algorithms").text
    assert "other cloud service" not in found.about("other-clouds").text


@pytest.mark.parametrize("form", ["headings", "bold lines", "plain numbered lines"])
def test_order_does_not_matter(tmp_path, form):
    found = answers(tmp_path, document(FORMS[form], list(reversed(TOPICS))))
    assert all(not found.about(topic).objection(30) for topic in TOPICS)


@pytest.mark.parametrize("absent", TOPICS)
@pytest.mark.parametrize("form", ["headings", "bold lines", "question marks"])
def test_answer_that_is_not_there_is_not_taken_from_another(tmp_path, form, absent):
    found = answers(tmp_path, document(FORMS[form], [topic for topic in TOPICS if topic != absent]))
    assert found.about(absent).objection(30)
    assert all(not found.about(topic).objection(30) for topic in TOPICS if topic != absent)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_questions_without_answers_are_no_answers(tmp_path, form):
    found = answers(
        tmp_path, "\n".join(form.format(question=QUESTIONS[t], number=n, text="") for n, t in enumerate(TOPICS, 1))
    )
    assert all(found.about(topic).objection(30) for topic in TOPICS)


def test_deeper_headings_belong_to_their_answer(tmp_path):
    content = document(FORMS["headings"], ["sagemaker-value", "algorithms", "other-clouds"]) + (
        "## Advantages and disadvantages\n### Advantages\nManaged training scales to many machines with one parameter, "
        "and nobody has to patch a server.\n### Integration with AWS\nAll in one place.\n### Drawbacks\n"
        "Endpoints run up bills day and night, small experiments wait minutes for their machines.\n"
    )
    found = answers(tmp_path, content)
    assert found.about("pros-cons").objection(30) == ""
    assert found.about("pros-cons").sides == ("advantage", "disadvantage")
    assert found.about("integration").objection(30)


def test_two_headings_of_one_topic_are_one_answer_and_name_its_sides(tmp_path):
    content = f"## Advantages\n\n{'The notebook is ready. ' * 6}\n## Disadvantages\n\n{'Bills grow. ' * 20}"
    assert answers(tmp_path, content).about("pros-cons").sides == ("advantage", "disadvantage")


def test_question_that_names_both_sides_is_not_an_answer_that_does(tmp_path):
    found = answers(tmp_path, f"## Advantages/Disadvantages\n\n{'SageMaker has notebooks and models to train. ' * 6}")
    assert found.about("pros-cons").sides == ()


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("Managed and scalable. There are no disadvantages that I know of.", ("advantage",)),
        ("Pros: it is quick. Cons: none.", ("advantage",)),
        ("It is never slow and has no real drawbacks, it is great.", ("advantage",)),
        ("It is expensive and there is no good side to it.", ("disadvantage",)),
        ("What I liked: the notebooks. What I didn't like: the bill.", ("advantage", "disadvantage")),
        ("On the plus side, no servers. On the minus side, the bill.", ("advantage", "disadvantage")),
        ("It is good, but not only expensive, it isn't flexible either.", ("advantage", "disadvantage")),
    ],
)
def test_side_that_is_denied_is_not_named(tmp_path, text, sides):
    assert answers(tmp_path, f"## Advantages/Disadvantages\n\n{text}").about("pros-cons").sides == sides


def test_heading_above_nothing_names_no_side(tmp_path):
    found = answers(tmp_path, "## Advantages\n\nThe notebook is ready.\n\n## Disadvantages\n\nNone that I know of.\n")
    assert found.about("pros-cons").sides == ("advantage",)


def test_words_of_the_question_say_nothing(tmp_path):
    text = "Whether the advantages of SageMaker outweigh its disadvantages has to be weighed by everybody anew. " * 3
    found = answers(tmp_path, f"## Advantages/Disadvantages\n\n{text}")
    assert found.about("pros-cons").vocabulary == ()


def test_one_answer_in_two_files_counts_once(tmp_path):
    answers(tmp_path, document(FORMS["headings"]))
    found = answers(tmp_path, document(FORMS["headings"]), "answers.txt")
    assert found.about("algorithms").source == "answers.md, “When to use what algorithms”"


@pytest.mark.parametrize("name", ["{topic}.md", "{number}-{topic}.txt", "q{number}.md", "question_{number}.md"])
def test_one_file_per_answer(tmp_path, name):
    for number, topic in enumerate(TOPICS, 1):
        answers(tmp_path, TEXTS[topic], f"answers/{name.format(topic=topic, number=number)}")
    found = read_answers(tmp_path, rubric.load())
    assert {topic: found.about(topic).objection(30) for topic in TOPICS} == dict.fromkeys(TOPICS, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "0 words, expected at least 30"),
        ("It trains the model.", "4 words"),
        ("<!-- " + TEXTS["sagemaker-value"] + "-->", "0 words"),
        ("```\n" + TEXTS["sagemaker-value"] + "\n```", "0 words"),
        ("model train deploy " * 20, "of which only 3 differ"),
        ("https://example.com/" + "model/" * 40, "0 words"),
        (
            "Lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et "
            "dolore magna aliqua ut enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea",
            "which is no answer",
        ),
        (
            "TODO: ask Ann. " + TEXTS["sagemaker-value"].partition(".")[0][:60],
            "beside “TODO: ask Ann.”, which is no answer",
        ),
        ("[Insert your answer here: models, training, endpoints.]", "0 words beside “[Insert your answer here"),
        (
            "See the slides on training, models, endpoints, notebooks and data sets. " * 4,
            "0 words beside “See the slides",
        ),
        (
            "SageMaker can help data scientists in many ways. It helps data scientists to do their work with data better "
            "and faster, and it is useful and valuable for all of them, as everybody knows who has heard of it.",
            "not about its question",
        ),
    ],
)
def test_words_that_are_no_answer_are_objected_to(tmp_path, text, said):
    answer = answers(tmp_path, f"## {QUESTIONS['sagemaker-value']}\n\n{text}\n").about("sagemaker-value")
    assert said in answer.objection(30)


@pytest.mark.parametrize("content", ["", " \n\n", "Some words about nothing in particular.\n", "#\n", "- \n1.\n"])
def test_file_without_a_headline_has_no_answer(tmp_path, content):
    found = answers(tmp_path, content)
    assert [answer.topic for answer in found.all if answer.text] == []


def test_absent_files_are_objected_to(tmp_path):
    assert "no heading or file" in read_answers(tmp_path, rubric.load()).about("algorithms").objection(30)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_text_is_read_as_editors_write_it(encoding):
    assert decoded("naïve Bayes".encode(encoding)) == "naïve Bayes"


def test_markup_links_and_tables_become_words():
    assert plain("a [b](https://c.de) `f`\n\n| g |\n|---|\n| h |").split() == ["a", "b", "f", "g", "h"]


def test_provider_needs_its_name_for_a_common_service(tmp_path):
    text = "## Other cloud providers\n\nAutoML is a service for models, and Google has AutoML too. Azure exists."
    found = answers(tmp_path, text).about("other-clouds")
    assert found.providers == {"Google": ("automl",), "Microsoft": ()}


def test_word_inside_another_is_not_named(tmp_path):
    found = answers(tmp_path, "## Algorithms\n\nThe capca and xknns are no algorithms, lexical no service.").about(
        "algorithms"
    )
    assert found.algorithms == ()


def test_homeworks_own_questions_are_recognised():
    assert [topic_of(QUESTIONS[topic], rubric.load()) for topic in TOPICS] == TOPICS


def test_broken_rubric_is_one_sentence(tmp_path):
    path = tmp_path / "rubric.toml"
    path.write_text(rubric.RUBRIC.read_text().replace('"lambda"', '"lambda("', 1))
    with pytest.raises(UsageError, match="no regular expression"):
        rubric.load(path)
    path.write_text("distinct_share = 1")
    with pytest.raises(UsageError, match="not valid"):
        rubric.load(path)
    with pytest.raises(UsageError, match="cannot be read"):
        rubric.load(tmp_path / "absent.toml")


@pytest.mark.parametrize("name", ["README.md", "hw2.txt", "Questions.md"])
def test_a_document_of_another_name_counts_where_none_is_called_answers(tmp_path, name):
    answers(tmp_path, "# Notes\n\n## Algorithms\n\nXGBoost, k-means, PCA.\n", "notes.md")
    found = answers(tmp_path, document(FORMS["headings"]), name)
    assert {answer.source.partition(",")[0] for answer in found.all} == {name}


@pytest.mark.parametrize("name", ["hw2_answers.md", "My answers.txt", "Answer.md", "HW2Answers.md", "answers"])
def test_answers_are_found_by_the_word_in_the_name(tmp_path, name):
    found = answers(tmp_path, document(FORMS["headings"]), name)
    assert {answer.source.partition(",")[0] for answer in found.all} == {name}


PLAIN_PROS_AND_CONS = (
    "Pros: no servers to look after, everything in one place, quick start for beginners, and good documentation. "
    "Cons: it gets expensive, you depend on Amazon, and small jobs wait for minutes before they start.",
    "Good: we can rent big computers for an hour and everything is prepared. Bad: it costs a lot when you forget "
    "to turn it off, and it is hard to learn for people who have not used the cloud before.",
    "The advantage is that you do not need your own hardware and can begin at once. The disadvantage is that the "
    "price is high, and that moving away from Amazon later is difficult because the code depends on it.",
    "Advantages: easy deployment, automatic scaling, integration with AWS. Disadvantages: vendor lock-in, cost, "
    "complexity. In our group we felt both sides: the notebook ran at once but the bill grew quickly overnight.",
    "I liked that Jupyter was there at once and that deploying was a single call. I didn't like that the endpoint "
    "goes on costing money, that starting takes so long, and that error messages are confusing.",
    "It saves time because nothing has to be installed, and teams can share their work. On the other hand one "
    "pays by the hour, the interface is confusing and one is tied to one company for everything.",
    "+ No need to install anything, + automatic scaling, + pay as you go. - You don't have full control, - it "
    "costs more than plain EC2, - debugging is difficult since the logs are hidden somewhere in CloudWatch, - "
    "learning takes time.",
    "SageMaker takes care of the machines, so that a data scientist can concentrate on the data, which is a great "
    "benefit. Its weaknesses are the high price for constant use and that there is less freedom to choose one's "
    "own tools.",
    "Advantages are speed and comfort: built in algorithms, tuning and hosting come from one hand. Disadvantages "
    "are the steep learning curve and the dependence on one provider, and that costs are hard to foresee for a "
    "student.",
    "Advantages: it is fully managed and scales. Disadvantages: it is expensive and you are locked in. For a "
    "small company the advantages win; a large company that has its own people would perhaps do it alone.",
    "The best thing about it is that everything is in one place and one does not have to be an engineer. The "
    "worst thing is the price, which surprised us, and that one cannot easily look inside when something fails.",
    "Benefits: time to market is shorter, teams work together better, and security is handled by the platform. "
    "Drawbacks: higher cost than raw EC2, limited regions for some GPUs, and a steep learning curve for "
    "newcomers.",
    "It is convenient since the whole workflow is covered, from preparing examples to serving the result. It is "
    "also rather complex, and somebody who only needs a small experiment is faster on their own laptop.",
    "Strengths: easy to begin with, quick, reliable and well documented. Weaknesses: costs add up, vendor lock- "
    "in, and slow start of everything, which was annoying to us when we only wanted to try one small thing.",
    "Upsides: no infrastructure, one-click deployment, AutoML, ready algorithms. Downsides: pricing is opaque, "
    "quotas block new accounts, logs are scattered, and leaving AWS means rewriting large parts of your code in "
    "the end.",
)
NEITHER_PROS_NOR_CONS = (
    "There are advantages and disadvantages to everything in life. The good side is good and the bad side is bad, "
    "and whoever trains models knows that it is better to have both of them than only one of the two.",
    "Pros and cons of SageMaker: the pros are the good things about SageMaker and the cons are the bad things "
    "about SageMaker, and one has to look at the models and the training before one can say which of them weigh "
    "more.",
    "SageMaker has many advantages for training models and also some disadvantages for training models, so that "
    "everyone must decide alone whether it is the right product, which depends on the situation and on what the "
    "boss wants.",
    "An advantage is something that helps and a disadvantage is something that hurts. With AWS there are both and "
    "the costs are one matter among many that everybody should think about before a project begins in earnest.",
)


@pytest.mark.parametrize("text", PLAIN_PROS_AND_CONS)
def test_short_answer_in_plain_words_shows_both_sides(tmp_path, text):
    found = answers(tmp_path, f"## Advantages/Disadvantages of Sagemaker\n\n{text}").about("pros-cons")
    assert (found.objection(30), found.sides) == ("", ("advantage", "disadvantage"))


@pytest.mark.parametrize("text", NEITHER_PROS_NOR_CONS)
def test_answer_that_only_drops_two_words_of_its_topic_says_nothing(tmp_path, text):
    found = answers(tmp_path, f"## Advantages/Disadvantages of Sagemaker\n\n{text}").about("pros-cons")
    assert "not about its question" in found.objection(30)
