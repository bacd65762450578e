from tests.faults.registry import Table
TABLE = Table('kmeans')
