from tests.faults.registry import Table
TABLE = Table('httpd')
