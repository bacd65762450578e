"""What is handed in as words: the answers, on topic and naming what was asked for, and the turn-in message."""

import pytest


@pytest.mark.requirement("answers.sagemaker-value")
def test_answer_on_what_sagemaker_does_for_data_scientists(sagemaker_value, context):
    """Written answer: how SageMaker helps data scientists."""
    objection = sagemaker_value.objection(context.homework.answers.words)
    assert not objection, objection


@pytest.mark.requirement("answers.pros-cons")
def test_answer_on_advantages_and_disadvantages(pros_and_cons, context):
    """Written answer: advantages and disadvantages of SageMaker, both of them."""
    objection, source = pros_and_cons.objection(context.homework.answers.words), pros_and_cons.source
    assert not objection, objection
    assert "advantage" in pros_and_cons.sides, f"{source}: no advantage is named"
    assert "disadvantage" in pros_and_cons.sides, f"{source}: no disadvantage is named"


@pytest.mark.requirement("answers.integration")
def test_answer_on_other_aws_services(integration, context):
    """Written answer: SageMaker with other AWS services, at least two of them."""
    objection, named = integration.objection(context.homework.answers.words), integration.services
    seen = f"{integration.source}: names {len(named)} ({'; '.join(named) or 'none'})"
    assert not objection, objection
    assert len(named) >= 2, f"{seen}, expected at least 2 AWS services"


@pytest.mark.requirement("answers.algorithms")
def test_answer_on_when_to_use_which_algorithm(algorithms, context):
    """Written answer: when to use which algorithm, at least three of them."""
    objection, named = algorithms.objection(context.homework.answers.words), algorithms.algorithms
    seen = f"{algorithms.source}: names {len(named)} ({'; '.join(named) or 'none'})"
    assert not objection, objection
    assert len(named) >= 3, f"{seen}, expected at least 3 algorithms"


@pytest.mark.requirement("answers.other-clouds")
def test_answer_on_other_providers(other_clouds, context):
    """Written answer: machine-learning services of other providers, at least two with a service of each."""
    objection, named = other_clouds.objection(context.homework.answers.words), ", ".join(other_clouds.providers)
    served = other_clouds.providers_with_service
    assert not objection, objection
    seen = f"names {named or 'no provider'}, and a service of {', '.join(served) or 'none'}"
    assert len(served) >= 2, f"{other_clouds.source}: {seen}, expected two providers with a service of each"


@pytest.mark.requirement("final.turn-in")
def test_turn_in_message_says_both(turn_in):
    """The turn-in message says that the instances were set up and terminated."""
    denied = "; ".join((*turn_in.not_set_up, *turn_in.not_terminated))
    said = f"{turn_in.source} says “{denied}”" if denied else f"{turn_in.source} does not say so"
    absent = turn_in.problem or "the submission has no turn-in message (turn-in.md or turn-in.txt)"
    seen = said if turn_in.source else absent
    assert turn_in.says_set_up, f"{seen}, expected that the instances were set up"
    assert turn_in.says_terminated, f"{seen}, expected that all instances are terminated"
