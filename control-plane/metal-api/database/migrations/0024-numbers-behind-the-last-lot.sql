-- Numbers behind the last lot are free without a row.
delete from free_numbers using number_pools pools where pools.pool = free_numbers.pool and number >= pools.next;
